/*
 * Exchanges of 64 octets by bare epoll: the limit of what one core can do.
 * client churn|kept <port> <at once> <seconds>; prints exchanges a second.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int loop, port, churn;
static char request[64];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void open_one(int slot) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  if (fd < 0) { perror("socket"); exit(1); }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK + slot % 200);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) { perror("connect"); exit(1); }
  struct epoll_event event = {.events = EPOLLOUT, .data.u64 = ((unsigned long)slot << 32) | fd};
  epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  churn = !strcmp(arguments[1], "churn");
  port = atoi(arguments[2]);
  int at_once = atoi(arguments[3]);
  double seconds = atof(arguments[4]);
  loop = epoll_create1(0);
  memset(request, 'x', sizeof request);
  for (int i = 0; i < at_once; i++) open_one(i);
  struct epoll_event events[1024];
  char buffer[4096];
  double warm = now() + seconds / 5, end = 0, start = 0;
  long done = 0;
  for (;;) {
    double t = now();
    if (!start && t >= warm) start = t, end = t + seconds, done = 0;
    if (start && t >= end) { printf("%f\n", done / (t - start)); return 0; }
    int ready = epoll_wait(loop, events, 1024, 100);
    for (int i = 0; i < ready; i++) {
      int fd = (int)events[i].data.u64, slot = (int)(events[i].data.u64 >> 32);
      if (events[i].events & EPOLLOUT) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = events[i].data.u64};
        epoll_ctl(loop, EPOLL_CTL_MOD, fd, &event);
        if (write(fd, request, 64) != 64) { perror("write"); exit(1); }
        continue;
      }
      ssize_t octets = read(fd, buffer, sizeof buffer);
      if (octets != 64) { fprintf(stderr, "a reply of %zd octets\n", octets); exit(1); }
      done++;
      if (churn) close(fd), open_one(slot);
      else if (write(fd, request, 64) != 64) { perror("write"); exit(1); }
    }
  }
}
