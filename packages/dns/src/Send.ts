import type { Pending } from "./Pending.ts"
import type * as Reply from "./Reply.ts"
import type * as resolution from "./resolution.ts"
import type { Server } from "./Servers.ts"
import type { Ask, Channel } from "./Transport.ts"
import * as ViewOptions from "./ViewOptions.ts"
import { DecodeError } from "./wire/DecodeError.ts"
import * as Edns from "./wire/Edns.ts"
import * as Message from "./wire/Message.ts"

const decodeOptions: Message.DecodeOptions = { trailing: "ignore" }

/** One query of a resolution, as its channel sees it. */
export class Send implements Ask {
  readonly octets: Buffer
  readonly questionEnd: number
  /** Null until a channel has it, undefined when the channel is done with it. */
  place: unknown = null
  id = 0
  readonly server: Server
  readonly channel: Channel
  readonly via: resolution.Via
  readonly edns: boolean
  private readonly pending: Pending
  private readonly sentAt: number

  constructor(
    pending: Pending,
    server: Server,
    channel: Channel,
    action: { readonly via: resolution.Via; readonly edns: boolean },
    octets: Buffer,
    questionEnd: number,
    sentAt: number
  ) {
    this.pending = pending
    this.server = server
    this.channel = channel
    this.via = action.via
    this.edns = action.edns
    this.octets = octets
    this.questionEnd = questionEnd
    this.sentAt = sentAt
  }

  onReply(received: Uint8Array, at?: number): boolean {
    const { pending, server } = this
    const { counters, options, wheel } = pending.resolver
    if (pending.ended) return true
    // Streams hand out views of pieces that hold many messages: what will be kept must not hold them all.
    const octets = this.via === "stream" && options.cache.maxOctets > 0 ? received.slice() : received
    if (this.via === "datagram") pending.unmix(octets)
    const message = Message.decode(octets, decodeOptions)
    if (message instanceof DecodeError) {
      counters.garbage++
      if (this.via === "datagram") return false
      const meaning: Reply.Problem = { _tag: "Problem", kind: "garbage", code: "EBADRESP", detail: message.message }
      pending.onReply(this, meaning, Message.make({}), octets, wheel.now())
      return true
    }
    if (options.cookies && this.edns && !this.cookieHolds(message)) {
      counters.rejected++
      return false
    }
    const now = at ?? wheel.now()
    server.heard(now - this.sentAt)
    pending.onReply(this, pending.read(message, octets), message, octets, now)
    return true
  }

  onOtherCase(): void {
    this.pending.resolver.counters.rejected++
    if (!this.pending.ended) this.pending.onOtherCase(this)
  }

  onUnreachable(code: string, final: boolean): void {
    if (final) this.place = undefined
    if (!this.pending.ended) this.pending.onUnreachable(this, code)
  }

  /** RFC 7873 section 5.3: our own cookie comes back, and a server that once had cookies has them always. */
  private cookieHolds(message: Message.Message): boolean {
    const { server } = this
    const cookie = Edns.find(message.edns, "COOKIE")
    if (cookie === undefined) {
      if (server.serverCookie === undefined) return true
      if (this.via === "datagram") return false
      // Over a stream nobody forges: it has given up cookies.
      ViewOptions.forgetCookie(server)
      return true
    }
    const ours = server.clientCookie
    for (let i = 0; i < 8; i++) if (cookie.client[i] !== ours[i]) return false
    if (cookie.server.length > 0) ViewOptions.learnCookie(server, cookie.server)
    return true
  }
}
