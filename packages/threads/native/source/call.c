/*
 * Any C function, by address and signature, without a foreign-function library: where an ABI hands integers and reals
 * over in fixed registers and the caller cleans the stack, one call with all registers and some stack loaded is a call
 * of every signature at once. That holds for System V x86-64 (ABI section 3.2.3) and AAPCS64 on Linux (section 6.8.2).
 * The pointer's type is variadic so that x86-64's `al` is set and functions like `snprintf` work as well.
 *
 * Not spoken: structures by value, `long double`, callbacks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "operations.h"

#if defined(__x86_64__) && !defined(_WIN32)
#define INTEGERS 6
#elif defined(__aarch64__) && defined(__linux__)
#define INTEGERS 8
#endif

#if !defined(INTEGERS)

const int call_stub = 0;

struct operation *call_make(napi_env env, size_t count, const napi_value *arguments) {
  (void)count, (void)arguments;
  napi_throw_error(env, "ENOSYS", "this processor has no call stub");
  return NULL;
}

#else

const int call_stub = 1;

#define REALS 8
#define STACK 16
#define ARGUMENTS 16

struct copied {
  char *octets;
  size_t length;
  /* Copied back into the answer when the function has returned. */
  bool returned;
};

struct call {
  struct operation operation;
  void (*function)(void);
  char type;
  int64_t integers[8], stack[STACK];
  double reals[REALS];
  struct copied copies[ARGUMENTS];
  size_t copy_count;
  union {
    int64_t integer;
    double real;
    float single;
  } value;
  char *text;
};

#if INTEGERS == 6
#define REGISTER_TYPES int64_t, int64_t, int64_t, int64_t, int64_t, int64_t
#define REGISTERS(i) i[0], i[1], i[2], i[3], i[4], i[5]
#else
#define REGISTER_TYPES int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t
#define REGISTERS(i) i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7]
#endif
#define REAL_TYPES double, double, double, double, double, double, double, double
#define REAL_REGISTERS(r) r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
#define STACK_WORDS(s) \
  s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15]

typedef int64_t (*integer_function)(REGISTER_TYPES, REAL_TYPES, ...);
typedef double (*real_function)(REGISTER_TYPES, REAL_TYPES, ...);
typedef float (*single_function)(REGISTER_TYPES, REAL_TYPES, ...);

static void call_run(struct job *job) {
  struct call *self = (struct call *)job;
  const int64_t *i = self->integers, *s = self->stack;
  const double *r = self->reals;
  errno = 0;
  switch (self->type) {
    case 'd':
      self->value.real = ((real_function)self->function)(REGISTERS(i), REAL_REGISTERS(r), STACK_WORDS(s));
      break;
    case 'f':
      self->value.single = ((single_function)self->function)(REGISTERS(i), REAL_REGISTERS(r), STACK_WORDS(s));
      break;
    default:
      self->value.integer = ((integer_function)self->function)(REGISTERS(i), REAL_REGISTERS(r), STACK_WORDS(s));
  }
  self->operation.error = errno;
  /* Such a string may be the thread's own, gone with its next call: it is copied here. */
  if (self->type == 's' && self->value.integer != 0) self->text = strdup((const char *)(intptr_t)self->value.integer);
}

static void call_free(struct job *job) {
  struct call *self = (struct call *)job;
  for (size_t i = 0; i < self->copy_count; i++) free(self->copies[i].octets);
  free(self->text);
  free(self);
}

/* [value, then every buffer as the function left it] */
static napi_value call_result(napi_env env, struct operation *operation) {
  struct call *self = (struct call *)operation;
  napi_value array, value;
  uint32_t length = 1;
  napi_create_array_with_length(env, 1, &array);
  switch (self->type) {
    case 'v': napi_get_undefined(env, &value); break;
    case 'd': napi_create_double(env, self->value.real, &value); break;
    case 'f': napi_create_double(env, self->value.single, &value); break;
    case 'i': napi_create_int32(env, (int32_t)self->value.integer, &value); break;
    case 'u': napi_create_uint32(env, (uint32_t)self->value.integer, &value); break;
    case 'l': napi_create_bigint_int64(env, self->value.integer, &value); break;
    case 's':
      if (self->text == NULL) napi_get_null(env, &value);
      else value = make_string(env, self->text);
      break;
    default: napi_create_bigint_uint64(env, (uint64_t)self->value.integer, &value);
  }
  napi_set_element(env, array, 0, value);
  for (size_t i = 0; i < self->copy_count; i++) {
    const struct copied *copy = &self->copies[i];
    if (!copy->returned) continue;
    void *octets;
    napi_value memory, view;
    napi_create_arraybuffer(env, copy->length, &octets, &memory);
    if (copy->length > 0) memcpy(octets, copy->octets, copy->length);
    napi_create_typedarray(env, napi_uint8_array, copy->length, memory, 0, &view);
    napi_set_element(env, array, length++, view);
  }
  return array;
}

/* A bigint's low 64 bits, or a number; false for anything else. */
static bool read_integer(napi_env env, napi_value value, int64_t *result) {
  uint64_t bits;
  bool lossless;
  double number;
  if (napi_get_value_bigint_uint64(env, value, &bits, &lossless) == napi_ok) {
    *result = (int64_t)bits;
    return true;
  }
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  *result = (int64_t)number;
  return true;
}

static bool read_copy(napi_env env, struct call *self, char type, napi_value argument, int64_t *pointer) {
  struct copied *copy = &self->copies[self->copy_count];
  napi_valuetype kind;
  *pointer = 0;
  if (napi_typeof(env, argument, &kind) == napi_ok && kind == napi_null) return true;
  if (type == 's') {
    copy->octets = copy_string(env, argument);
    if (copy->octets == NULL) return false;
  } else {
    void *octets;
    napi_value memory;
    size_t offset;
    napi_typedarray_type element;
    if (napi_get_typedarray_info(env, argument, &element, &copy->length, &octets, &memory, &offset) != napi_ok)
      return false;
    /* One octet more, so that an empty buffer has an address and a text that fills it ends. */
    copy->octets = calloc(1, copy->length + 1);
    if (copy->octets == NULL) return false;
    if (copy->length > 0) memcpy(copy->octets, octets, copy->length);
    copy->returned = true;
  }
  self->copy_count++;
  *pointer = (int64_t)(intptr_t)copy->octets;
  return true;
}

struct operation *call_make(napi_env env, size_t count, const napi_value *arguments) {
  (void)count;
  struct call *self = calloc(1, sizeof *self);
  if (self == NULL) {
    napi_throw_error(env, "ENOMEM", "no memory for a job");
    return NULL;
  }
  self->operation.job.run = call_run;
  self->operation.job.free = call_free;
  self->operation.result = call_result;

  char types[ARGUMENTS + 2] = "", result[3] = "";
  size_t length = 0, result_length = 0;
  uint32_t given = 0;
  int64_t address;
  size_t integers = 0, reals = 0, stack = 0;
  if (!read_integer(env, arguments[0], &address) || address == 0) goto bad;
  memcpy(&self->function, &address, sizeof self->function);
  if (napi_get_value_string_utf8(env, arguments[1], result, sizeof result, &result_length) != napi_ok) goto bad;
  if (napi_get_value_string_utf8(env, arguments[2], types, sizeof types, &length) != napi_ok) goto bad;
  if (napi_get_array_length(env, arguments[3], &given) != napi_ok) goto bad;
  if (result_length != 1 || strchr("vdfiulLps", result[0]) == NULL || length > ARGUMENTS || given != length) goto bad;
  self->type = result[0];

  for (uint32_t n = 0; n < length; n++) {
    napi_value argument;
    int64_t word = 0;
    if (napi_get_element(env, arguments[3], n, &argument) != napi_ok) goto bad;
    switch (types[n]) {
      case 'd':
      case 'f': {
        double real;
        if (napi_get_value_double(env, argument, &real) != napi_ok) goto bad;
        if (types[n] == 'f') {
          /* A float is the low half of its register or stack word. */
          float single = (float)real;
          memcpy(&word, &single, sizeof single);
        } else {
          memcpy(&word, &real, sizeof real);
        }
        if (reals < REALS) memcpy(&self->reals[reals++], &word, sizeof word);
        else self->stack[stack++] = word;
        continue;
      }
      case 'i':
        if (!read_integer(env, argument, &word)) goto bad;
        word = (int32_t)word;
        break;
      case 'u':
        if (!read_integer(env, argument, &word)) goto bad;
        word = (uint32_t)word;
        break;
      case 'l':
      case 'L':
      case 'p':
        if (!read_integer(env, argument, &word)) goto bad;
        break;
      case 's':
      case 'b':
        if (!read_copy(env, self, types[n], argument, &word)) goto bad;
        break;
      default: goto bad;
    }
    if (integers < INTEGERS) self->integers[integers++] = word;
    else self->stack[stack++] = word;
  }
  return &self->operation;

bad:
  call_free(&self->operation.job);
  /* Where something more exact was thrown before, this one changes nothing. */
  napi_throw_type_error(env, "EINVAL", "the arguments do not fit the signature");
  return NULL;
}

#endif
