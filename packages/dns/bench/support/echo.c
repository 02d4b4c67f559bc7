/*
 * A name server that keeps up: it answers every question with one A record, over UDP and TCP, with one thread and as few
 * system calls as Linux has. It drops datagrams, both ways, when told to: then it is a bad network.
 *
 *   echo <share of datagrams dropped each way, in thousandths>
 *
 * Prints its port.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { batch = 64, most = 65537, connections = 64 };

static uint64_t seed = 88172645463325252ull;
static unsigned loss;

static int dropped(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return (unsigned)(seed >> 20) % 1000 < loss;
}

/* The answer to a query, in place of it: its length, or 0 for none. `in` has room for 16 more octets. */
static int answer(uint8_t *in, int length) {
  if (length < 17) return 0;
  int at = 12;
  while (at < length && in[at] != 0) at += in[at] + 1;
  at += 5;
  if (at > length) return 0;
  in[2] |= 0x80, in[3] = 0x80;
  in[6] = 0, in[7] = 1;
  memset(in + 8, 0, 4);
  static const uint8_t record[16] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 7};
  memcpy(in + at, record, 16);
  return at + 16;
}

static struct stream { int fd, have, left; uint8_t in[1 << 18], *out; int sent; } streams[connections];
static uint8_t outs[connections][1 << 20];

static void flush(struct stream *s) {
  while (s->sent < s->left) {
    int wrote = send(s->fd, s->out + s->sent, s->left - s->sent, MSG_NOSIGNAL);
    if (wrote < 0) return;
    s->sent += wrote;
  }
  s->sent = s->left = 0;
}

static int serve(struct stream *s) {
  for (;;) {
    /* Each answer is at most 16 octets longer than its query; with half the room taken, what was answered must leave first. */
    if (s->left > (1 << 19)) { flush(s); if (s->left > (1 << 19)) return 0; }
    int got = recv(s->fd, s->in + s->have, sizeof s->in - s->have, 0);
    if (got == 0) return -1;
    if (got < 0) { flush(s); return errno == EAGAIN ? 0 : -1; }
    s->have += got;
    int at = 0;
    while (s->have - at >= 2) {
      int length = s->in[at] << 8 | s->in[at + 1];
      if (s->have - at < length + 2) break;
      uint8_t *to = s->out + s->left;
      memcpy(to + 2, s->in + at + 2, length);
      int full = answer(to + 2, length);
      if (full > 0) { to[0] = full >> 8, to[1] = full; s->left += full + 2; }
      at += length + 2;
    }
    memmove(s->in, s->in + at, s->have - at);
    s->have -= at;
    flush(s);
  }
}

int main(int count, char **words) {
  loss = count > 1 ? (unsigned)atoi(words[1]) : 0;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof own;
  int udp, tcp, one = 1, room = 8 << 20;
  for (;;) {
    udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    own.sin_port = 0;
    bind(udp, (void *)&own, sizeof own);
    getsockname(udp, (void *)&own, &size);
    if (bind(tcp, (void *)&own, sizeof own) == 0 && listen(tcp, 64) == 0) break;
    close(udp), close(tcp);
  }
  setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(udp, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  printf("%d\n", ntohs(own.sin_port));
  fflush(stdout);
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1000};
  epoll_ctl(poll, EPOLL_CTL_ADD, udp, &event);
  event.data.u32 = 1001;
  epoll_ctl(poll, EPOLL_CTL_ADD, tcp, &event);
  static uint8_t buffers[batch][1500];
  static struct mmsghdr headers[batch];
  static struct iovec pieces[batch];
  static struct sockaddr_in peers[batch];
  for (;;) {
    struct epoll_event events[16];
    int ready = epoll_wait(poll, events, 16, -1);
    for (int i = 0; i < ready; i++) {
      uint32_t which = events[i].data.u32;
      if (which == 1001) {
        int fd = accept4(tcp, 0, 0, SOCK_NONBLOCK), free = 0;
        while (free < connections && streams[free].fd != 0) free++;
        if (fd < 0) continue;
        if (free == connections) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct stream *s = &streams[free];
        s->fd = fd, s->have = s->left = s->sent = 0, s->out = outs[free];
        event.events = EPOLLIN, event.data.u32 = free;
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
      } else if (which < connections) {
        struct stream *s = &streams[which];
        if (serve(s) < 0) { close(s->fd); s->fd = 0; continue; }
        event.events = EPOLLIN | (s->left > 0 ? EPOLLOUT : 0), event.data.u32 = which;
        epoll_ctl(poll, EPOLL_CTL_MOD, s->fd, &event);
      } else {
        for (int j = 0; j < batch; j++) {
          pieces[j] = (struct iovec){buffers[j], 1400};
          headers[j].msg_hdr = (struct msghdr){&peers[j], sizeof peers[j], &pieces[j], 1, 0, 0, 0};
        }
        int got = recvmmsg(udp, headers, batch, 0, 0), kept = 0;
        for (int j = 0; j < got; j++) {
          int full = dropped() ? 0 : answer(buffers[j], headers[j].msg_len);
          if (full == 0 || dropped()) continue;
          pieces[j].iov_len = full;
          headers[kept++] = headers[j];
        }
        for (int done = 0; done < kept;) {
          int sent = sendmmsg(udp, headers + done, kept - done, 0);
          if (sent <= 0) break;
          done += sent;
        }
      }
    }
  }
}
