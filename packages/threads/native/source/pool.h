/*
 * Blocking threads for jobs that wait: plain threads of the operating system, started when a job finds none idle, up
 * to a limit, and retired when idle for long. It knows neither JavaScript nor what a job does.
 *
 * A job's states, guarded by the pool's lock:
 *
 *     QUEUED --(a thread takes it)--> RUNNING --(run returned)--> DONE --(pool_take_done)--> the owner's again
 *        \--(pool_cancel)--> the owner's again      \--(pool_cancel)--> stays, `abandoned` set: the thread cannot be
 *                                                       stopped, so it keeps its slot until `run` returns
 *
 * Threads are called to the queue one after the other: whoever submits calls one, and each that arrives calls others as
 * long as there are jobs. While the queue has jobs and another thread may be had, one is on its way.
 *
 * The order that loses no wake-up: a thread first puts the job on the done list and then wakes the owner; the owner is
 * woken once for a list that was empty, and takes the whole list.
 */
#ifndef HANDOFF_POOL_H
#define HANDOFF_POOL_H

#include <stdbool.h>
#include <stddef.h>

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE };

struct job {
  /* Neighbours on the queue or the done list; guarded by the lock. */
  struct job *previous, *next;
  enum job_state state;
  /* Nobody waits for it any more; it is still handed to the owner, who frees it. */
  bool abandoned;
  /* Blocks, on a thread of the pool; touches nothing but its job. */
  void (*run)(struct job *);
  /* Frees the job and all that it holds; any thread may call it. */
  void (*free)(struct job *);
};

struct pool;

struct pool_options {
  unsigned threads;
  size_t stack_octets;
  unsigned idle_milliseconds;
  /* Called with the lock held, on any thread, when the done list gets its first job; must not block. */
  void (*wake)(void *argument);
  void *argument;
};

struct pool_stats {
  unsigned threads, idle, running, abandoned, queued;
};

enum pool_cancelled { POOL_DROPPED, POOL_ABANDONED };

/* NULL when there is no memory. */
struct pool *pool_make(const struct pool_options *options);

/* False when no thread could be started and there is none: the job was not taken. */
bool pool_submit(struct pool *pool, struct job *job);

/* Dropped: the job is the caller's to free. Abandoned: it comes back by `pool_take_done`. */
enum pool_cancelled pool_cancel(struct pool *pool, struct job *job);

/* The jobs that are done, oldest first, linked by `next`; NULL for none. */
struct job *pool_take_done(struct pool *pool);

/*
 * Frees what is queued and done, and sends the threads home: idle ones now, busy ones when their job returns, which
 * they then free. Never waits; the pool's memory goes with the last thread. `wake` is not called any more.
 */
void pool_close(struct pool *pool);

void pool_read_stats(struct pool *pool, struct pool_stats *stats);

#endif
