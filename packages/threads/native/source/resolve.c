/* The C library's name service: getaddrinfo(3), getnameinfo(3), gethostbyname2_r(3), gethostbyaddr_r(3). */
#include <arpa/inet.h>
#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "operations.h"

static void *operation_new(napi_env env, size_t size, void (*run)(struct job *), void (*release)(struct job *),
                           napi_value (*result)(napi_env, struct operation *)) {
  struct operation *operation = calloc(1, size);
  if (operation == NULL) {
    napi_throw_error(env, "ENOMEM", "no memory for a job");
    return NULL;
  }
  operation->job.run = run;
  operation->job.free = release;
  operation->result = result;
  return operation;
}

static bool is_null(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) != napi_ok || type == napi_null || type == napi_undefined;
}

/*
 * Names in Unicode are read in the locale's character set; JavaScript's is always UTF-8, and the process' may be "C". It
 * is loaded when it is first needed, once, and stays.
 */
static locale_t utf8;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void utf8_load(void) { utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

static void use_utf8(void) {
  pthread_once(&utf8_once, utf8_load);
  if (utf8 != (locale_t)0) uselocale(utf8);
}

#if defined(AI_IDN)
#define READS_UNICODE(flags) (((flags) & (AI_IDN | AI_CANONIDN)) != 0)
#define WRITES_UNICODE(flags) (((flags) & NI_IDN) != 0)
#else
#define READS_UNICODE(flags) ((void)(flags), false)
#define WRITES_UNICODE(flags) ((void)(flags), false)
#endif

/* ---- getaddrinfo ---- */

struct getaddrinfo_operation {
  struct operation operation;
  char *name, *service;
  struct addrinfo hints, *found;
};

static void getaddrinfo_run(struct job *job) {
  struct getaddrinfo_operation *self = (struct getaddrinfo_operation *)job;
  if (READS_UNICODE(self->hints.ai_flags)) use_utf8();
  errno = 0;
  self->operation.code = getaddrinfo(self->name, self->service, &self->hints, &self->found);
  self->operation.error = errno;
}

static void getaddrinfo_free(struct job *job) {
  struct getaddrinfo_operation *self = (struct getaddrinfo_operation *)job;
  if (self->found != NULL) freeaddrinfo(self->found);
  free(self->name);
  free(self->service);
  free(self);
}

static void push_number(napi_env env, napi_value array, uint32_t *length, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  napi_set_element(env, array, (*length)++, value);
}

static void push_address(napi_env env, napi_value array, uint32_t *length, int family, const void *octets) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, octets, text, sizeof text);
  napi_set_element(env, array, (*length)++, make_string(env, text));
}

/* [canonical name | null, then for each address: socktype, protocol, address, port, scope id] */
static napi_value getaddrinfo_result(napi_env env, struct operation *operation) {
  struct getaddrinfo_operation *self = (struct getaddrinfo_operation *)operation;
  napi_value array, canonical;
  uint32_t length = 1;
  napi_create_array_with_length(env, 6, &array);
  if (self->found == NULL || self->found->ai_canonname == NULL) napi_get_null(env, &canonical);
  else canonical = make_string(env, self->found->ai_canonname);
  napi_set_element(env, array, 0, canonical);
  for (const struct addrinfo *info = self->found; info != NULL; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    push_number(env, array, &length, info->ai_socktype);
    push_number(env, array, &length, info->ai_protocol);
    if (info->ai_family == AF_INET) {
      const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)info->ai_addr;
      push_address(env, array, &length, AF_INET, &address->sin_addr);
      push_number(env, array, &length, ntohs(address->sin_port));
      push_number(env, array, &length, 0);
    } else {
      const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)(const void *)info->ai_addr;
      push_address(env, array, &length, AF_INET6, &address->sin6_addr);
      push_number(env, array, &length, ntohs(address->sin6_port));
      push_number(env, array, &length, address->sin6_scope_id);
    }
  }
  return array;
}

struct operation *getaddrinfo_make(napi_env env, size_t count, const napi_value *arguments) {
  (void)count;
  struct getaddrinfo_operation *self =
      operation_new(env, sizeof *self, getaddrinfo_run, getaddrinfo_free, getaddrinfo_result);
  if (self == NULL) return NULL;
  napi_get_value_int32(env, arguments[2], &self->hints.ai_family);
  napi_get_value_int32(env, arguments[3], &self->hints.ai_socktype);
  napi_get_value_int32(env, arguments[4], &self->hints.ai_protocol);
  napi_get_value_int32(env, arguments[5], &self->hints.ai_flags);
  if ((is_null(env, arguments[0]) || (self->name = copy_string(env, arguments[0])) != NULL) &&
      (is_null(env, arguments[1]) || (self->service = copy_string(env, arguments[1])) != NULL))
    return &self->operation;
  getaddrinfo_free(&self->operation.job);
  return NULL;
}

/* ---- getnameinfo ---- */

struct getnameinfo_operation {
  struct operation operation;
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  socklen_t octets;
  int flags;
  char host[NI_MAXHOST], service[NI_MAXSERV];
};

static bool read_address(napi_env env, napi_value value, int *family, void *octets) {
  char text[INET6_ADDRSTRLEN + 1];
  size_t length;
  if (napi_get_value_string_utf8(env, value, text, sizeof text, &length) == napi_ok) {
    *family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
    if (inet_pton(*family, text, octets) == 1) return true;
  }
  napi_throw_type_error(env, "EINVAL", "not an IP address");
  return false;
}

static void getnameinfo_run(struct job *job) {
  struct getnameinfo_operation *self = (struct getnameinfo_operation *)job;
  if (WRITES_UNICODE(self->flags)) use_utf8();
  errno = 0;
  self->operation.code = getnameinfo(&self->address.any, self->octets, self->host, sizeof self->host, self->service,
                                     sizeof self->service, self->flags);
  self->operation.error = errno;
}

static void plain_free(struct job *job) { free(job); }

/* [host, service] */
static napi_value getnameinfo_result(napi_env env, struct operation *operation) {
  struct getnameinfo_operation *self = (struct getnameinfo_operation *)operation;
  napi_value array;
  napi_create_array_with_length(env, 2, &array);
  napi_set_element(env, array, 0, make_string(env, self->host));
  napi_set_element(env, array, 1, make_string(env, self->service));
  return array;
}

struct operation *getnameinfo_make(napi_env env, size_t count, const napi_value *arguments) {
  (void)count;
  struct getnameinfo_operation *self =
      operation_new(env, sizeof *self, getnameinfo_run, plain_free, getnameinfo_result);
  if (self == NULL) return NULL;
  int family;
  unsigned char octets[16];
  uint32_t port = 0, scope = 0;
  if (!read_address(env, arguments[0], &family, octets)) {
    free(self);
    return NULL;
  }
  napi_get_value_uint32(env, arguments[1], &port);
  napi_get_value_uint32(env, arguments[2], &scope);
  napi_get_value_int32(env, arguments[3], &self->flags);
  if (family == AF_INET) {
    self->address.v4.sin_family = AF_INET;
    self->address.v4.sin_port = htons((uint16_t)port);
    memcpy(&self->address.v4.sin_addr, octets, 4);
    self->octets = sizeof self->address.v4;
  } else {
    self->address.v6.sin6_family = AF_INET6;
    self->address.v6.sin6_port = htons((uint16_t)port);
    memcpy(&self->address.v6.sin6_addr, octets, 16);
    self->address.v6.sin6_scope_id = scope;
    self->octets = sizeof self->address.v6;
  }
  return &self->operation;
}

/* ---- gethostbyname2_r, gethostbyaddr_r: what getaddrinfo has no place for, the aliases ---- */

struct hostent_operation {
  struct operation operation;
  /* NULL: by address. */
  char *name;
  int family;
  unsigned char octets[16];
  struct hostent entry, *found;
  char *buffer;
};

#if defined(__linux__)
/* h_errno in getaddrinfo's words. */
static int eai_of(int host_error) {
  switch (host_error) {
    case HOST_NOT_FOUND: return EAI_NONAME;
    case TRY_AGAIN: return EAI_AGAIN;
    case NO_RECOVERY: return EAI_FAIL;
#if defined(EAI_NODATA)
    case NO_DATA: return EAI_NODATA;
#else
    case NO_DATA: return EAI_NONAME;
#endif
    default: return EAI_SYSTEM;
  }
}

static void hostent_run(struct job *job) {
  struct hostent_operation *self = (struct hostent_operation *)job;
  /* 1 MiB holds any answer that fits in DNS; the first size holds nearly all. */
  for (size_t size = 1024; size <= 1 << 20; size *= 4) {
    free(self->buffer);
    self->buffer = malloc(size);
    if (self->buffer == NULL) {
      self->operation.code = EAI_MEMORY;
      return;
    }
    int host_error = 0, status;
    errno = 0;
    if (self->name != NULL)
      status = gethostbyname2_r(self->name, self->family, &self->entry, self->buffer, size, &self->found, &host_error);
    else
      status = gethostbyaddr_r(self->octets, self->family == AF_INET ? 4 : 16, self->family, &self->entry, self->buffer,
                               size, &self->found, &host_error);
    self->operation.error = errno;
    if (status == ERANGE) continue;
    self->operation.code = self->found != NULL ? 0 : eai_of(host_error);
    return;
  }
  self->operation.code = EAI_OVERFLOW;
}
#else
static void hostent_run(struct job *job) {
  struct hostent_operation *self = (struct hostent_operation *)job;
  self->operation.code = EAI_SYSTEM;
  self->operation.error = ENOSYS;
}
#endif

static void hostent_free(struct job *job) {
  struct hostent_operation *self = (struct hostent_operation *)job;
  free(self->name);
  free(self->buffer);
  free(self);
}

/* [name, [aliases], [addresses]] */
static napi_value hostent_result(napi_env env, struct operation *operation) {
  struct hostent_operation *self = (struct hostent_operation *)operation;
  napi_value array, aliases, addresses;
  uint32_t length = 0;
  napi_create_array_with_length(env, 3, &array);
  napi_create_array_with_length(env, 0, &aliases);
  napi_create_array_with_length(env, 0, &addresses);
  napi_set_element(env, array, 0, make_string(env, self->found->h_name));
  for (char **alias = self->found->h_aliases; alias != NULL && *alias != NULL; alias++)
    napi_set_element(env, aliases, length++, make_string(env, *alias));
  length = 0;
  for (char **address = self->found->h_addr_list; address != NULL && *address != NULL; address++)
    push_address(env, addresses, &length, self->found->h_addrtype, *address);
  napi_set_element(env, array, 1, aliases);
  napi_set_element(env, array, 2, addresses);
  return array;
}

struct operation *gethostbyname_make(napi_env env, size_t count, const napi_value *arguments) {
  (void)count;
  struct hostent_operation *self = operation_new(env, sizeof *self, hostent_run, hostent_free, hostent_result);
  if (self == NULL) return NULL;
  napi_get_value_int32(env, arguments[1], &self->family);
  self->name = copy_string(env, arguments[0]);
  if (self->name != NULL) return &self->operation;
  hostent_free(&self->operation.job);
  return NULL;
}

struct operation *gethostbyaddr_make(napi_env env, size_t count, const napi_value *arguments) {
  (void)count;
  struct hostent_operation *self = operation_new(env, sizeof *self, hostent_run, hostent_free, hostent_result);
  if (self == NULL) return NULL;
  if (read_address(env, arguments[0], &self->family, self->octets)) return &self->operation;
  hostent_free(&self->operation.job);
  return NULL;
}

/* ---- constants ---- */

#define HAS(name) {#name, name}

static const struct {
  const char *name;
  int value;
} constants[] = {
    HAS(AF_UNSPEC),      HAS(AF_INET),         HAS(AF_INET6),      HAS(SOCK_STREAM),    HAS(SOCK_DGRAM),
    HAS(SOCK_RAW),       HAS(IPPROTO_TCP),     HAS(IPPROTO_UDP),   HAS(AI_PASSIVE),     HAS(AI_CANONNAME),
    HAS(AI_NUMERICHOST), HAS(AI_NUMERICSERV),  HAS(AI_V4MAPPED),   HAS(AI_ALL),         HAS(AI_ADDRCONFIG),
    HAS(NI_NUMERICHOST), HAS(NI_NUMERICSERV),  HAS(NI_NAMEREQD),   HAS(NI_DGRAM),       HAS(NI_NOFQDN),
    HAS(EAI_AGAIN),      HAS(EAI_BADFLAGS),    HAS(EAI_FAIL),      HAS(EAI_FAMILY),     HAS(EAI_MEMORY),
    HAS(EAI_NONAME),     HAS(EAI_SERVICE),     HAS(EAI_SOCKTYPE),  HAS(EAI_SYSTEM),     HAS(EAI_OVERFLOW),
#if defined(AI_IDN)
    HAS(AI_IDN),
#endif
#if defined(AI_CANONIDN)
    HAS(AI_CANONIDN),
#endif
#if defined(NI_IDN)
    HAS(NI_IDN),
#endif
#if defined(NI_NUMERICSCOPE)
    HAS(NI_NUMERICSCOPE),
#endif
#if defined(EAI_NODATA)
    HAS(EAI_NODATA),
#endif
#if defined(EAI_ADDRFAMILY)
    HAS(EAI_ADDRFAMILY),
#endif
#if defined(EAI_IDN_ENCODE)
    HAS(EAI_IDN_ENCODE),
#endif
};

napi_value platform_constants(napi_env env) {
  napi_value object, value;
  napi_create_object(env, &object);
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
    napi_create_int32(env, constants[i].value, &value);
    napi_set_named_property(env, object, constants[i].name, value);
  }
  return object;
}
