#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

/* Threads that call others at the same time: as many as make sense on few cores. */
#define SUMMONED_MOST 4

struct list {
  struct job *first, *last;
};

/* A thread, as others see it: it is here only while idle, otherwise it is nobody's business. */
struct thread {
  struct pool *pool;
  /* Set by whoever takes the thread off the idle stack, because the queue has a job for it. */
  bool summoned;
  pthread_cond_t wake;
  /* Neighbours on the idle stack. */
  struct thread *above, *below;
};

/* All fields below `lock` are guarded by it. */
struct pool {
  struct pool_options options;
  /* Of the threads: large enough for any name service module, touched only as far as used. */
  pthread_attr_t attributes;
  pthread_mutex_t lock;
  struct list queue, done;
  /* The last to become idle is on top and is taken first: a light load keeps few threads and the others retire. */
  struct thread *idle;
  struct pool_stats stats;
  /* Threads on their way to the queue: woken or started, and not there yet. */
  unsigned summoned;
  bool closed;
  /* Threads, and the owner until it closes. */
  unsigned references;
};

static void list_append(struct list *list, struct job *job) {
  job->previous = list->last;
  job->next = NULL;
  *(list->last == NULL ? &list->first : &list->last->next) = job;
  list->last = job;
}

static void list_remove(struct list *list, struct job *job) {
  *(job->previous == NULL ? &list->first : &job->previous->next) = job->next;
  *(job->next == NULL ? &list->last : &job->next->previous) = job->previous;
}

static void idle_push(struct pool *pool, struct thread *thread) {
  thread->above = NULL;
  thread->below = pool->idle;
  if (pool->idle != NULL) pool->idle->above = thread;
  pool->idle = thread;
  pool->stats.idle++;
}

static void idle_remove(struct pool *pool, struct thread *thread) {
  *(thread->above == NULL ? &pool->idle : &thread->above->below) = thread->below;
  if (thread->below != NULL) thread->below->above = thread->above;
  pool->stats.idle--;
}

/* Unlocks; frees the pool with its last reference. */
static void pool_release(struct pool *pool) {
  bool last = --pool->references == 0;
  pthread_mutex_unlock(&pool->lock);
  if (!last) return;
  pthread_mutex_destroy(&pool->lock);
  pthread_attr_destroy(&pool->attributes);
  free(pool);
}

static int thread_wait(struct thread *thread, const struct timespec *until) {
#if defined(__APPLE__)
  struct timespec now, left;
  clock_gettime(CLOCK_MONOTONIC, &now);
  left.tv_sec = until->tv_sec - now.tv_sec;
  left.tv_nsec = until->tv_nsec - now.tv_nsec;
  if (left.tv_nsec < 0) {
    left.tv_sec--;
    left.tv_nsec += 1000000000;
  }
  if (left.tv_sec < 0) return ETIMEDOUT;
  return pthread_cond_timedwait_relative_np(&thread->wake, &thread->pool->lock, &left);
#else
  return pthread_cond_timedwait(&thread->wake, &thread->pool->lock, until);
#endif
}

static bool thread_start(struct pool *pool);

/*
 * With the lock held, which it gives up while a thread starts: calls one more thread to the queue, an idle one if there
 * is one. False if all that may be are there, or the system has none to give.
 */
static bool summon(struct pool *pool) {
  struct thread *thread = pool->idle;
  if (thread != NULL) {
    idle_remove(pool, thread);
    thread->summoned = true;
    pool->summoned++;
    pthread_cond_signal(&thread->wake);
    return true;
  }
  if (pool->stats.threads >= pool->options.threads) return false;
  pool->stats.threads++;
  pool->references++;
  pool->summoned++;
  pthread_mutex_unlock(&pool->lock);
  bool started = thread_start(pool);
  pthread_mutex_lock(&pool->lock);
  if (started) return true;
  pool->stats.threads--;
  pool->references--;
  pool->summoned--;
  return false;
}

/* With the lock held: the oldest job of the queue, or NULL. */
static struct job *take(struct pool *pool) {
  struct job *job = pool->closed ? NULL : pool->queue.first;
  if (job == NULL) return NULL;
  list_remove(&pool->queue, job);
  pool->stats.queued--;
  job->state = JOB_RUNNING;
  pool->stats.running++;
  return job;
}

/*
 * With the lock held, by a thread that was summoned: its job, if no other was faster. It first calls two others for what
 * else is in the queue, so that whoever submits a hundred jobs wakes one thread and not a hundred. Two, so that they
 * multiply; no more, because its own job waits meanwhile.
 */
static struct job *arrive(struct pool *pool) {
  pool->summoned--;
  struct job *job = take(pool);
  for (int called = 0; called < 2 && pool->summoned < SUMMONED_MOST && pool->summoned < pool->stats.queued; called++)
    if (!summon(pool)) break;
  return job;
}

/* With the lock held: false when nothing was to do for so long that the thread ends, or the pool is closed. */
static bool rest(struct thread *thread) {
  struct pool *pool = thread->pool;
  if (pool->closed) return false;
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += pool->options.idle_milliseconds / 1000;
  until.tv_nsec += (long)(pool->options.idle_milliseconds % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  thread->summoned = false;
  idle_push(pool, thread);
  while (!thread->summoned && !pool->closed) {
    /* It may be summoned in the same moment; the loop's condition has the last word. */
    if (thread_wait(thread, &until) == ETIMEDOUT && !thread->summoned) break;
  }
  if (!thread->summoned) idle_remove(pool, thread);
  return thread->summoned;
}

static void run(struct pool *pool, struct job *job) {
  pthread_mutex_unlock(&pool->lock);
  job->run(job);
  pthread_mutex_lock(&pool->lock);
  job->state = JOB_DONE;
  pool->stats.running--;
  if (job->abandoned) pool->stats.abandoned--;
  if (pool->closed) {
    pthread_mutex_unlock(&pool->lock);
    job->free(job);
    pthread_mutex_lock(&pool->lock);
  } else {
    bool first = pool->done.first == NULL;
    list_append(&pool->done, job);
    if (first) pool->options.wake(pool->options.argument);
  }
}

static void *thread_main(void *argument) {
  struct thread *thread = argument;
  struct pool *pool = thread->pool;
#if defined(__linux__)
  prctl(PR_SET_NAME, "handoff-libc", 0, 0, 0);
#endif
  pthread_mutex_lock(&pool->lock);
  do {
    for (struct job *job = arrive(pool); job != NULL; job = take(pool)) run(pool, job);
  } while (rest(thread));
  pool->stats.threads--;
  pool_release(pool);
  pthread_cond_destroy(&thread->wake);
  free(thread);
  return NULL;
}

static bool thread_start(struct pool *pool) {
  struct thread *thread = malloc(sizeof *thread);
  if (thread == NULL) return false;
  thread->pool = pool;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if !defined(__APPLE__)
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
  pthread_cond_init(&thread->wake, &attributes);
  pthread_condattr_destroy(&attributes);

  /* Signals are the main thread's: a handler must not run here, and a blocking call must not see EINTR. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t id;
  int failed = pthread_create(&id, &pool->attributes, thread_main, thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed == 0) return true;
  pthread_cond_destroy(&thread->wake);
  free(thread);
  return false;
}

struct pool *pool_make(const struct pool_options *options) {
  struct pool *pool = calloc(1, sizeof *pool);
  if (pool == NULL) return NULL;
  pool->options = *options;
  pool->references = 1;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_attr_init(&pool->attributes);
  pthread_attr_setdetachstate(&pool->attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_attr_setstacksize(&pool->attributes, options->stack_octets) != 0) {
    pool_close(pool);
    return NULL;
  }
  return pool;
}

bool pool_submit(struct pool *pool, struct job *job) {
  job->state = JOB_QUEUED;
  job->abandoned = false;
  pthread_mutex_lock(&pool->lock);
  list_append(&pool->queue, job);
  pool->stats.queued++;
  bool taken = true;
  /* The lock is given up while a thread starts: the job may be done by now, and the thread that did it gone. */
  if (pool->summoned == 0 && !summon(pool) && pool->stats.threads == 0 && job->state == JOB_QUEUED) {
    list_remove(&pool->queue, job);
    pool->stats.queued--;
    taken = false;
  }
  pthread_mutex_unlock(&pool->lock);
  return taken;
}

enum pool_cancelled pool_cancel(struct pool *pool, struct job *job) {
  enum pool_cancelled result = POOL_ABANDONED;
  pthread_mutex_lock(&pool->lock);
  if (job->state == JOB_QUEUED) {
    list_remove(&pool->queue, job);
    pool->stats.queued--;
    result = POOL_DROPPED;
  } else if (!job->abandoned) {
    job->abandoned = true;
    if (job->state == JOB_RUNNING) pool->stats.abandoned++;
  }
  pthread_mutex_unlock(&pool->lock);
  return result;
}

struct job *pool_take_done(struct pool *pool) {
  pthread_mutex_lock(&pool->lock);
  struct job *first = pool->done.first;
  pool->done = (struct list){NULL, NULL};
  pthread_mutex_unlock(&pool->lock);
  return first;
}

static void free_all(struct job *job) {
  while (job != NULL) {
    struct job *next = job->next;
    job->free(job);
    job = next;
  }
}

void pool_close(struct pool *pool) {
  pthread_mutex_lock(&pool->lock);
  pool->closed = true;
  free_all(pool->queue.first);
  free_all(pool->done.first);
  pool->queue = pool->done = (struct list){NULL, NULL};
  pool->stats.queued = 0;
  for (struct thread *thread = pool->idle; thread != NULL; thread = thread->below) pthread_cond_signal(&thread->wake);
  pool_release(pool);
}

void pool_read_stats(struct pool *pool, struct pool_stats *stats) {
  pthread_mutex_lock(&pool->lock);
  *stats = pool->stats;
  pthread_mutex_unlock(&pool->lock);
}
