/*
 * What a job can be, each with three functions: `*_make` copies the JavaScript arguments on the event loop's thread and
 * throws what is wrong with them, `run` blocks on a pool thread and knows no JavaScript, `result` makes the JavaScript
 * value back on the event loop's thread. Nothing that JavaScript owns is touched while a job runs, so a job that was
 * given up can go on without harm.
 */
#ifndef HANDOFF_OPERATIONS_H
#define HANDOFF_OPERATIONS_H

#include "node_api.h"
#include "pool.h"

struct operation {
  struct job job;
  /* The answer's number: 0, or EAI_*. */
  int code;
  /* `errno` as the call left it. */
  int error;
  /* The value of an answer whose code is 0. */
  napi_value (*result)(napi_env, struct operation *);
  /* Where the addon keeps it while it is outstanding. */
  uint32_t slot;
  double id;
};

typedef struct operation *(*operation_make)(napi_env, size_t count, const napi_value *arguments);

/* (name | null, service | null, family, socktype, protocol, flags) */
struct operation *getaddrinfo_make(napi_env, size_t count, const napi_value *arguments);
/* (address, port, scope, flags) */
struct operation *getnameinfo_make(napi_env, size_t count, const napi_value *arguments);
/* (name, family) */
struct operation *gethostbyname_make(napi_env, size_t count, const napi_value *arguments);
/* (address) */
struct operation *gethostbyaddr_make(napi_env, size_t count, const napi_value *arguments);
/* (function address, result type, argument types, arguments) */
struct operation *call_make(napi_env, size_t count, const napi_value *arguments);

/* 1 where there is a call stub for this processor, else 0: `call_make` then throws. */
extern const int call_stub;

/* The platform's numbers for AF_*, SOCK_*, IPPROTO_*, AI_*, NI_* and EAI_*, as far as it has them. */
napi_value platform_constants(napi_env);

/* A copy, NUL-terminated; NULL with an exception pending when it is no string, holds a NUL, or memory is short. */
char *copy_string(napi_env, napi_value);
napi_value make_string(napi_env, const char *text);

#endif
