/*
 * The addon: a pool of blocking threads with JavaScript at its edge.
 *
 *     create(threads, stackOctets, idleMilliseconds, onDone) -> pool
 *     getaddrinfo(pool, ...), getnameinfo, gethostbyname, gethostbyaddr, call (pool, ...) -> id, or -1: no thread
 *     cancel(pool, id) -> whether it was still queued, and so never ran
 *     stats(pool) -> [threads, idle, running, abandoned, queued]
 *     close(pool)
 *     open(path | null) -> handle (throws), symbol(handle, name) -> address or null
 *     constants; stub: 1 if `call` works on this processor, else 0
 *
 * `onDone` gets flat lists [id, code, errno, value, id, ...] from the event loop, in the order in which jobs ended; a
 * job that was abandoned is listed as well, without a value, because its thread is free again. The loop is kept alive
 * while a job is outstanding that nobody gave up.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "operations.h"

/* All its fields belong to the event loop's thread, but for `wake`, which any thread may call. */
struct binding {
  napi_env env;
  struct pool *pool;
  napi_threadsafe_function wake;
  /* Jobs by slot, the free slots as a stack in `next_free`; an id is its slot and how often that was used before. */
  struct operation **slots;
  uint32_t *next_free, *uses;
  uint32_t capacity, free_slot;
  /* Jobs that somebody waits for. */
  uint32_t awaited;
  /* Two: the wake-up, which threads use, and JavaScript's handle. The last to be finalized frees. */
  unsigned references;
};

#define NO_SLOT UINT32_MAX
#define SLOTS 16777216.0

char *copy_string(napi_env env, napi_value value) {
  size_t length, copied;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, "EINVAL", "not a string");
    return NULL;
  }
  char *text = malloc(length + 1);
  if (text == NULL) {
    napi_throw_error(env, "ENOMEM", "no memory for a string");
    return NULL;
  }
  napi_get_value_string_utf8(env, value, text, length + 1, &copied);
  if (strlen(text) == copied) return text;
  free(text);
  napi_throw_type_error(env, "EINVAL", "a string with a NUL inside");
  return NULL;
}

napi_value make_string(napi_env env, const char *text) {
  napi_value value;
  if (napi_create_string_utf8(env, text, NODE_API_AUTO_LENGTH, &value) != napi_ok) napi_get_null(env, &value);
  return value;
}

/* ---- slots ---- */

static bool slots_grow(struct binding *self) {
  uint32_t capacity = self->capacity == 0 ? 64 : self->capacity * 2;
  if (capacity > SLOTS) return false;
  struct operation **slots = realloc(self->slots, capacity * sizeof *slots);
  if (slots != NULL) self->slots = slots;
  uint32_t *next_free = realloc(self->next_free, capacity * sizeof *next_free);
  if (next_free != NULL) self->next_free = next_free;
  uint32_t *uses = realloc(self->uses, capacity * sizeof *uses);
  if (uses != NULL) self->uses = uses;
  if (slots == NULL || next_free == NULL || uses == NULL) return false;
  for (uint32_t slot = self->capacity; slot < capacity; slot++) {
    self->slots[slot] = NULL;
    self->uses[slot] = 0;
    self->next_free[slot] = slot + 1 < capacity ? slot + 1 : NO_SLOT;
  }
  self->free_slot = self->capacity;
  self->capacity = capacity;
  return true;
}

static bool slot_take(struct binding *self, struct operation *operation) {
  if (self->free_slot == NO_SLOT && !slots_grow(self)) return false;
  uint32_t slot = self->free_slot;
  self->free_slot = self->next_free[slot];
  self->slots[slot] = operation;
  operation->slot = slot;
  operation->id = slot + SLOTS * self->uses[slot]++;
  return true;
}

static void slot_give(struct binding *self, struct operation *operation) {
  self->slots[operation->slot] = NULL;
  self->next_free[operation->slot] = self->free_slot;
  self->free_slot = operation->slot;
}

static void await_one(struct binding *self) {
  if (self->awaited++ == 0) napi_ref_threadsafe_function(self->env, self->wake);
}

static void await_no_more(struct binding *self) {
  if (--self->awaited == 0) napi_unref_threadsafe_function(self->env, self->wake);
}

/* ---- completions ---- */

static void wake_loop(void *argument) {
  struct binding *self = argument;
  napi_call_threadsafe_function(self->wake, NULL, napi_tsfn_nonblocking);
}

static void push(napi_env env, napi_value array, uint32_t *length, napi_value value) {
  napi_set_element(env, array, (*length)++, value);
}

/* On the event loop: hands everything that is done to `onDone`. */
static void drain(napi_env env, napi_value on_done, void *context, void *data) {
  (void)data;
  struct binding *self = context;
  /* No environment: it is being torn down, and `close_binding` frees the rest. */
  if (env == NULL || self->pool == NULL) return;
  struct job *next, *first = pool_take_done(self->pool);
  napi_value list, value, receiver;
  uint32_t length = 0;
  napi_create_array_with_length(env, 0, &list);
  for (struct job *job = first; job != NULL; job = next) {
    struct operation *operation = (struct operation *)job;
    next = job->next;
    slot_give(self, operation);
    napi_create_double(env, operation->id, &value);
    push(env, list, &length, value);
    napi_create_int32(env, operation->code, &value);
    push(env, list, &length, value);
    napi_create_int32(env, operation->error, &value);
    push(env, list, &length, value);
    if (operation->code == 0 && !job->abandoned) value = operation->result(env, operation);
    else napi_get_null(env, &value);
    push(env, list, &length, value);
    if (!job->abandoned) await_no_more(self);
    job->free(job);
  }
  if (length == 0) return;
  napi_get_undefined(env, &receiver);
  if (napi_call_function(env, receiver, on_done, 1, &list, NULL) != napi_ok &&
      napi_get_and_clear_last_exception(env, &value) == napi_ok)
    napi_fatal_exception(env, value);
}

/* ---- life ---- */

static void close_binding(void *argument) {
  struct binding *self = argument;
  if (self->pool == NULL) return;
  pool_close(self->pool);
  self->pool = NULL;
  napi_release_threadsafe_function(self->wake, napi_tsfn_abort);
}

static void release_binding(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  struct binding *self = data;
  if (--self->references > 0) return;
  free(self->slots);
  free(self->next_free);
  free(self->uses);
  free(self);
}

static napi_value create(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value arguments[4], external;
  uint32_t stack = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  struct binding *self = calloc(1, sizeof *self);
  if (self == NULL) goto failed;
  self->env = env;
  self->free_slot = NO_SLOT;
  struct pool_options options = {.wake = wake_loop, .argument = self};
  napi_get_value_uint32(env, arguments[0], &options.threads);
  napi_get_value_uint32(env, arguments[1], &stack);
  napi_get_value_uint32(env, arguments[2], &options.idle_milliseconds);
  options.stack_octets = stack;
  self->pool = pool_make(&options);
  if (self->pool == NULL) {
    free(self);
    goto failed;
  }
  if (napi_create_threadsafe_function(env, arguments[3], NULL, make_string(env, "handoff-libc"), 0, 1, self,
                                      release_binding, self, drain, &self->wake) != napi_ok) {
    pool_close(self->pool);
    free(self);
    goto failed;
  }
  napi_unref_threadsafe_function(env, self->wake);
  /* Registered after the wake-up, so called before it goes: no thread wakes a loop that is gone. */
  napi_add_env_cleanup_hook(env, close_binding, self);
  self->references = 2;
  napi_create_external(env, self, release_binding, NULL, &external);
  return external;
failed:
  napi_throw_error(env, "ENOMEM", "no memory for a pool, or a stack size that the platform refuses");
  return NULL;
}

static struct binding *binding_of(napi_env env, napi_value value) {
  void *data = NULL;
  if (napi_get_value_external(env, value, &data) != napi_ok) napi_throw_type_error(env, "EINVAL", "not a pool");
  return data;
}

static napi_value close_pool(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct binding *self = binding_of(env, argument);
  if (self == NULL) return NULL;
  napi_remove_env_cleanup_hook(env, close_binding, self);
  close_binding(self);
  return NULL;
}

/* ---- jobs ---- */

static napi_value submit(napi_env env, napi_callback_info info) {
  size_t count = 7;
  napi_value arguments[7], result;
  void *make;
  napi_get_cb_info(env, info, &count, arguments, NULL, &make);
  struct binding *self = binding_of(env, arguments[0]);
  if (self == NULL) return NULL;
  if (self->pool == NULL) {
    napi_throw_error(env, "ECANCELED", "the pool is closed");
    return NULL;
  }
  struct operation *operation = (*(operation_make *)make)(env, count - 1, arguments + 1);
  if (operation == NULL) return NULL;
  double id = -1;
  if (!slot_take(self, operation)) {
    operation->job.free(&operation->job);
  } else if (!pool_submit(self->pool, &operation->job)) {
    slot_give(self, operation);
    operation->job.free(&operation->job);
  } else {
    /* From here on the job may already be done; its slot and id are ours. */
    id = operation->id;
    await_one(self);
  }
  napi_create_double(env, id, &result);
  return result;
}

static napi_value cancel(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], result;
  double id = -1;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  struct binding *self = binding_of(env, arguments[0]);
  if (self == NULL) return NULL;
  napi_get_value_double(env, arguments[1], &id);
  int dropped = 0;
  if (id >= 0 && self->pool != NULL) {
    uint32_t slot = (uint32_t)(id - SLOTS * (double)(uint64_t)(id / SLOTS));
    struct operation *operation = slot < self->capacity ? self->slots[slot] : NULL;
    if (operation != NULL && operation->id == id && !operation->job.abandoned) {
      if (pool_cancel(self->pool, &operation->job) == POOL_DROPPED) {
        dropped = 1;
        slot_give(self, operation);
        operation->job.free(&operation->job);
      }
      await_no_more(self);
    }
  }
  napi_create_int32(env, dropped, &result);
  return result;
}

static napi_value stats(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, list, value;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  struct binding *self = binding_of(env, argument);
  if (self == NULL) return NULL;
  struct pool_stats now = {0, 0, 0, 0, 0};
  if (self->pool != NULL) pool_read_stats(self->pool, &now);
  const unsigned figures[] = {now.threads, now.idle, now.running, now.abandoned, now.queued};
  napi_create_array_with_length(env, 5, &list);
  for (uint32_t i = 0; i < 5; i++) {
    napi_create_uint32(env, figures[i], &value);
    napi_set_element(env, list, i, value);
  }
  return list;
}

/* ---- libraries ---- */

static napi_value make_pointer(napi_env env, void *pointer) {
  napi_value value;
  napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)pointer, &value);
  return value;
}

static napi_value open_library(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument;
  napi_valuetype type;
  char *path = NULL;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_typeof(env, argument, &type);
  if (type != napi_null && (path = copy_string(env, argument)) == NULL) return NULL;
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  free(path);
  if (handle != NULL) return make_pointer(env, handle);
  const char *reason = dlerror();
  napi_throw_error(env, "ENOENT", reason == NULL ? "cannot be loaded" : reason);
  return NULL;
}

static napi_value find_symbol(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], nothing;
  uint64_t handle = 0;
  bool lossless;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_bigint_uint64(env, arguments[0], &handle, &lossless);
  char *name = copy_string(env, arguments[1]);
  if (name == NULL) return NULL;
  void *address = dlsym((void *)(uintptr_t)handle, name);
  free(name);
  if (address != NULL) return make_pointer(env, address);
  napi_get_null(env, &nothing);
  return nothing;
}

/* ---- the module ---- */

static operation_make makers[] = {getaddrinfo_make, getnameinfo_make, gethostbyname_make, gethostbyaddr_make, call_make};

static const struct {
  const char *name;
  napi_callback function;
  operation_make *make;
} functions[] = {
    {"create", create, NULL},
    {"close", close_pool, NULL},
    {"getaddrinfo", submit, &makers[0]},
    {"getnameinfo", submit, &makers[1]},
    {"gethostbyname", submit, &makers[2]},
    {"gethostbyaddr", submit, &makers[3]},
    {"call", submit, &makers[4]},
    {"cancel", cancel, NULL},
    {"stats", stats, NULL},
    {"open", open_library, NULL},
    {"symbol", find_symbol, NULL},
};

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) { return NODE_API_VERSION; }

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value value;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_create_function(env, functions[i].name, NODE_API_AUTO_LENGTH, functions[i].function,
                         (void *)functions[i].make, &value);
    napi_set_named_property(env, exports, functions[i].name, value);
  }
  napi_set_named_property(env, exports, "constants", platform_constants(env));
  napi_create_int32(env, call_stub, &value);
  napi_set_named_property(env, exports, "stub", value);
  return exports;
}
