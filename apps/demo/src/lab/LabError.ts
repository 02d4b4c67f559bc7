import * as Schema from "effect/Schema"

/** The lab could not be built: an address or port is taken, or this machine has too few descriptors. */
export class LabError extends Schema.TaggedError<LabError>()("LabError", {
  /** What was being opened: `127.77.1.1:8080`. */
  where: Schema.String,
  /** The system's code: `EADDRINUSE`. */
  code: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const hint =
      this.code === "EADDRINUSE"
        ? "; another lab may be running: choose another network, such as --network 127.88"
        : this.code === "EMFILE" || this.code === "ENFILE"
          ? "; too few file descriptors: raise `ulimit -n` or ask for fewer hosts"
          : this.code === "EACCES"
            ? "; a port under 1024 needs a private namespace or another port"
            : ""
    return `the lab cannot listen on ${this.where} (${this.code})${hint}`
  }
}
