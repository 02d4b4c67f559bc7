import * as Schema from "effect/Schema"
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"

/** The calls that Effect's worker RPC is measured with. */
export class Calls extends RpcGroup.make(
  Rpc.make("run", {
    payload: { name: Schema.String, args: Schema.Array(Schema.Any) },
    success: Schema.Any
  })
) {}
