/*
 * The part of Node-API that this addon uses, declared here so that it builds with a C compiler alone: no headers of
 * Node's, no download. Node-API is ABI-stable (https://nodejs.org/api/n-api.html); everything below is in version 8,
 * so the binaries run on every Node that the package supports, and on those to come.
 */
#ifndef HANDOFF_NODE_API_H
#define HANDOFF_NODE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NODE_API_VERSION 8
#define NODE_API_AUTO_LENGTH SIZE_MAX

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_ref__ *napi_ref;
typedef struct napi_callback_info__ *napi_callback_info;
typedef struct napi_threadsafe_function__ *napi_threadsafe_function;

/* Only `napi_ok` is told apart: any other status means that nothing happened. */
typedef enum { napi_ok } napi_status;
typedef enum {
  napi_undefined,
  napi_null,
  napi_boolean,
  napi_number,
  napi_string,
  napi_symbol,
  napi_object,
  napi_function,
  napi_external,
  napi_bigint
} napi_valuetype;
typedef enum { napi_int8_array, napi_uint8_array } napi_typedarray_type;
typedef enum { napi_tsfn_release, napi_tsfn_abort } napi_threadsafe_function_release_mode;
typedef enum { napi_tsfn_nonblocking, napi_tsfn_blocking } napi_threadsafe_function_call_mode;

typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef void (*napi_finalize)(napi_env, void *data, void *hint);
typedef void (*napi_threadsafe_function_call_js)(napi_env, napi_value callback, void *context, void *data);

napi_status napi_get_undefined(napi_env, napi_value *result);
napi_status napi_get_null(napi_env, napi_value *result);
napi_status napi_create_object(napi_env, napi_value *result);
napi_status napi_create_array_with_length(napi_env, size_t length, napi_value *result);
napi_status napi_create_double(napi_env, double value, napi_value *result);
napi_status napi_create_int32(napi_env, int32_t value, napi_value *result);
napi_status napi_create_uint32(napi_env, uint32_t value, napi_value *result);
napi_status napi_create_bigint_int64(napi_env, int64_t value, napi_value *result);
napi_status napi_create_bigint_uint64(napi_env, uint64_t value, napi_value *result);
napi_status napi_create_string_utf8(napi_env, const char *text, size_t length, napi_value *result);
napi_status napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data,
                                 napi_value *result);
napi_status napi_create_external(napi_env, void *data, napi_finalize, void *hint, napi_value *result);
napi_status napi_create_arraybuffer(napi_env, size_t octets, void **data, napi_value *result);
napi_status napi_create_typedarray(napi_env, napi_typedarray_type, size_t length, napi_value arraybuffer,
                                   size_t offset, napi_value *result);
napi_status napi_typeof(napi_env, napi_value, napi_valuetype *result);
napi_status napi_get_value_double(napi_env, napi_value, double *result);
napi_status napi_get_value_int32(napi_env, napi_value, int32_t *result);
napi_status napi_get_value_uint32(napi_env, napi_value, uint32_t *result);
napi_status napi_get_value_bigint_uint64(napi_env, napi_value, uint64_t *result, bool *lossless);
napi_status napi_get_value_string_utf8(napi_env, napi_value, char *buffer, size_t size, size_t *length);
napi_status napi_get_value_external(napi_env, napi_value, void **result);
napi_status napi_get_typedarray_info(napi_env, napi_value, napi_typedarray_type *, size_t *length, void **data,
                                     napi_value *arraybuffer, size_t *offset);
napi_status napi_get_array_length(napi_env, napi_value array, uint32_t *result);
napi_status napi_get_element(napi_env, napi_value array, uint32_t index, napi_value *result);
napi_status napi_set_element(napi_env, napi_value array, uint32_t index, napi_value);
napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value);
napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *count, napi_value *values, napi_value *self,
                             void **data);
napi_status napi_call_function(napi_env, napi_value self, napi_value function, size_t count,
                               const napi_value *values, napi_value *result);
napi_status napi_throw_error(napi_env, const char *code, const char *message);
napi_status napi_throw_type_error(napi_env, const char *code, const char *message);
napi_status napi_get_and_clear_last_exception(napi_env, napi_value *result);
napi_status napi_fatal_exception(napi_env, napi_value error);
napi_status napi_add_env_cleanup_hook(napi_env, void (*hook)(void *), void *argument);
napi_status napi_remove_env_cleanup_hook(napi_env, void (*hook)(void *), void *argument);
napi_status napi_create_threadsafe_function(napi_env, napi_value function, napi_value resource, napi_value name,
                                            size_t queue, size_t threads, void *finalize_data, napi_finalize,
                                            void *context, napi_threadsafe_function_call_js,
                                            napi_threadsafe_function *result);
napi_status napi_call_threadsafe_function(napi_threadsafe_function, void *data, napi_threadsafe_function_call_mode);
napi_status napi_release_threadsafe_function(napi_threadsafe_function, napi_threadsafe_function_release_mode);
napi_status napi_ref_threadsafe_function(napi_env, napi_threadsafe_function);
napi_status napi_unref_threadsafe_function(napi_env, napi_threadsafe_function);

#endif
