/*
 * Jobs by the ten thousand, taken, cancelled, abandoned and closed at random, with threads that retire at once: what is
 * made is freed, nothing is left. `stress <rounds>`; run under sanitizers by pool.test.ts.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pool.h"

struct pause {
  struct job job;
  unsigned microseconds;
};

static sem_t woken;
static atomic_long freed;

static void wake(void *argument) {
  (void)argument;
  sem_post(&woken);
}

static void run(struct job *job) {
  unsigned microseconds = ((struct pause *)job)->microseconds;
  if (microseconds > 0) usleep(microseconds);
}

static void release(struct job *job) {
  freed++;
  free(job);
}

static long drain(struct pool *pool) {
  long count = 0;
  for (struct job *next, *job = pool_take_done(pool); job != NULL; job = next, count++) {
    next = job->next;
    release(job);
  }
  return count;
}

static int fail(int round, const char *what) {
  printf("round %d: %s\n", round, what);
  return 1;
}

int main(int count, char **arguments) {
  int rounds = count > 1 ? atoi(arguments[1]) : 0;
  for (int round = 0; round < rounds; round++) {
    unsigned seed = (unsigned)round;
    struct pool_options options = {
        .threads = 1 + (unsigned)round * 5, .stack_octets = 524288, .idle_milliseconds = round % 2, .wake = wake};
    struct pool *pool = pool_make(&options);
    if (pool == NULL) return fail(round, "no pool");
    sem_init(&woken, 0, 0);
    freed = 0;
    long made = 0, back = 0;
    for (int i = 0; i < 4000; i++) {
      struct pause *pause = calloc(1, sizeof *pause);
      pause->job.run = run;
      pause->job.free = release;
      if (rand_r(&seed) % 50 == 0) pause->microseconds = (unsigned)rand_r(&seed) % 300;
      if (!pool_submit(pool, &pause->job)) return fail(round, "not taken");
      made++;
      if (rand_r(&seed) % 7 == 0 && pool_cancel(pool, &pause->job) == POOL_DROPPED) {
        release(&pause->job);
        back++;
      }
      if (rand_r(&seed) % 16 == 0 && sem_trywait(&woken) == 0) back += drain(pool);
      if (rand_r(&seed) % 1000 == 0) usleep(5000);
    }
    /* Every third round closes with jobs in all states. */
    while (round % 3 != 2 && back < made) {
      sem_wait(&woken);
      back += drain(pool);
    }
    struct pool_stats stats;
    pool_read_stats(pool, &stats);
    if (round % 3 != 2 && stats.running + stats.queued + stats.abandoned > 0) return fail(round, "something is left");
    pool_close(pool);
    for (int i = 0; i < 5000 && freed < made; i++) usleep(1000);
    if (freed != made) return fail(round, "not all is freed");
  }
  puts("nothing left");
  return 0;
}
