/* An echoing TCP server on epoll: the peer of every subject. Prints its port, and ends when its standard input does. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t size = sizeof at;
  if (bind(listener, (struct sockaddr *)&at, size) < 0 || listen(listener, 65535) < 0) return perror("listen"), 1;
  getsockname(listener, (struct sockaddr *)&at, &size);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);

  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[1024];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  event = (struct epoll_event){.events = EPOLLIN, .data.fd = 0};
  epoll_ctl(poll, EPOLL_CTL_ADD, 0, &event);
  static char buffer[65536];
  for (;;) {
    int count = epoll_wait(poll, events, 1024, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == 0) return 0;
      if (fd == listener) {
        int peer;
        while ((peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          event = (struct epoll_event){.events = EPOLLIN, .data.fd = peer};
          epoll_ctl(poll, EPOLL_CTL_ADD, peer, &event);
        }
        continue;
      }
      ssize_t octets = read(fd, buffer, sizeof buffer);
      if (octets <= 0) {
        if (octets < 0 && errno == EAGAIN) continue;
        close(fd);
      } else if (write(fd, buffer, octets) != octets) close(fd);
    }
  }
}
