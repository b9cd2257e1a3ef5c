// Gives free memory between blocks in use back to the system. glibc's free() returns only what lies at the end of its
// heap; one small block there keeps everything below it.
#include <malloc.h>
#include <node_api.h>

static napi_value trim(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value released;
  if (napi_get_boolean(env, malloc_trim(0) == 1, &released) != napi_ok) return NULL;
  return released;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "trim", NAPI_AUTO_LENGTH, trim, NULL, &function) != napi_ok) return exports;
  napi_set_named_property(env, exports, "trim", function);
  return exports;
}
