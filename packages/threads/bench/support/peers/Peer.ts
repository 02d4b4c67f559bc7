/** The pools that ours is measured against, each behind the same three functions, set up as its users would. */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"

export interface Peer {
  /** Calls a function of `functions.mjs`. */
  readonly call: (name: string, ...args: ReadonlyArray<unknown>) => Promise<any>
  /** As `call`, with buffers to move. Where the peer has no such thing: undefined. */
  readonly move?:
    | ((name: string, args: ReadonlyArray<unknown>, transfer: ReadonlyArray<ArrayBuffer>) => Promise<any>)
    | undefined
  /** As `call`, given up after so many milliseconds. */
  readonly bounded?: ((milliseconds: number, name: string) => Promise<any>) | undefined
  readonly close: () => Promise<void>
}

export interface Options {
  readonly threads: number
  /** Old generation of each worker, in MB. */
  readonly memory?: number | undefined
}

export type Open = (options: Options) => Promise<Peer>

const file = (name: string) => new URL(`./${name}`, import.meta.url)

const limitsOf = ({ memory }: Options) =>
  memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memory } }

const piscina =
  (more: object): Open =>
  async (options) => {
    const { Piscina, move } = (await import("piscina")).default as any
    const pool = new Piscina({
      filename: file("peer.worker.mjs").href,
      minThreads: options.threads,
      maxThreads: options.threads,
      ...limitsOf(options),
      ...more
    })
    void move
    return {
      call: (name, ...args) => pool.run({ name, args }),
      move: (name, args, transferList) => pool.run({ name, args }, { transferList }),
      bounded: (milliseconds, name) => pool.run({ name, args: [] }, { signal: AbortSignal.timeout(milliseconds) }),
      close: () => pool.destroy()
    }
  }

/** How a child process's messages are written: as JSON, which has no octets, unless it is told otherwise. */
type Serialization = "json" | "advanced"

const tinypool =
  (runtime: "worker_threads" | "child_process", serialization: Serialization = "json"): Open =>
  async (options) => {
    const { Tinypool } = await import("tinypool")
    const pool = new Tinypool({
      runtime,
      ...(runtime === "child_process" && { serialization }),
      filename: file("peer.worker.mjs").href,
      minThreads: options.threads,
      maxThreads: options.threads,
      ...limitsOf(options)
    })
    return {
      call: (name, ...args) => pool.run({ name, args }),
      move: (name, args, transferList) => pool.run({ name, args }, { transferList: transferList as any }),
      bounded: (milliseconds, name) => pool.run({ name, args: [] }, { signal: AbortSignal.timeout(milliseconds) }),
      close: () => pool.destroy()
    }
  }

const poolifier =
  (queue: boolean): Open =>
  async (options) => {
    const { FixedThreadPool } = await import("poolifier")
    const { fileURLToPath } = await import("node:url")
    const pool = new FixedThreadPool<any, any>(options.threads, fileURLToPath(file("poolifier.worker.mjs")), {
      enableTasksQueue: queue,
      workerOptions: limitsOf(options),
      errorHandler: () => {}
    })
    return {
      call: (name, ...args) => pool.execute({ name, args }),
      move: (name, args, transfer) => pool.execute({ name, args }, undefined, undefined, transfer as any),
      bounded: (milliseconds, name) => pool.execute({ name, args: [] }, undefined, AbortSignal.timeout(milliseconds)),
      close: () => pool.destroy()
    }
  }

const workerpool =
  (workerType: "thread" | "process", serialization: Serialization = "json"): Open =>
  async (options) => {
    const { default: lib } = await import("workerpool")
    const { fileURLToPath } = await import("node:url")
    const pool = lib.pool(fileURLToPath(file("workerpool.worker.mjs")), {
      minWorkers: options.threads,
      maxWorkers: options.threads,
      workerType,
      ...(workerType === "process" && { forkOpts: { serialization } }),
      workerThreadOpts: limitsOf(options)
    })
    return {
      call: (name, ...args) => pool.exec("run", [{ name, args }]),
      move: (name, args, transfer) => pool.exec("run", [{ name, args }], { transfer: transfer as any }),
      bounded: (milliseconds, name) => pool.exec("run", [{ name, args: [] }]).timeout(milliseconds),
      close: async () => {
        await pool.terminate(true)
      }
    }
  }

const effectRpc: Open = async (options) => {
  const Layer = await import("effect/Layer")
  const Scope = await import("effect/Scope")
  const Exit = await import("effect/Exit")
  const RpcClient = await import("effect/rpc/RpcClient")
  const NodeWorker = await import("@effect/platform-node/NodeWorker")
  const { Calls } = await import(file("rpc.mjs").href)
  const scope = Scope.makeUnsafe()
  const protocol = RpcClient.layerProtocolWorker({ size: options.threads, concurrency: 64 }).pipe(
    Layer.provide(NodeWorker.layer(() => new Worker(file("rpc.worker.mjs"), limitsOf(options))))
  )
  const built: Effect.Effect<any, any, any> = Layer.build(protocol)
  const build: any = Effect.flatMap(built, (context) =>
    (Effect.provide as any)(RpcClient.make(Calls, { disableTracing: true }), context)
  )
  const client: any = await Effect.runPromise(Scope.provide(build, scope) as any)
  return {
    call: (name, ...args) => Effect.runPromise(client.run({ name, args })),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

export const peers: Readonly<Record<string, Open>> = {
  piscina: piscina({}),
  "piscina, 64 per thread": piscina({ concurrentTasksPerWorker: 64 }),
  tinypool: tinypool("worker_threads"),
  poolifier: poolifier(false),
  "poolifier, queue": poolifier(true),
  workerpool: workerpool("thread"),
  "effect rpc": effectRpc
}

/** Those that have child processes too. */
export const processPeers = (serialization: Serialization): Readonly<Record<string, Open>> => ({
  tinypool: tinypool("child_process", serialization),
  workerpool: workerpool("process", serialization)
})
