// The Node module: loading it registers the operations; its exports say which of them serve on this processor.
#include <node_api.h>

#include "kernels.h"

namespace {

bool set(napi_env env, napi_value exports, const char* name, bool value) {
  napi_value boolean;
  return napi_get_boolean(env, value, &boolean) == napi_ok &&
         napi_set_named_property(env, exports, name, boolean) == napi_ok;
}

napi_value initialise(napi_env env, napi_value exports) {
  if (!set(env, exports, "batchNorm", nasoa::supported())) return nullptr;
  if (!set(env, exports, "filterGradient", nasoa::filterGradientPays())) return nullptr;
  if (!set(env, exports, "wideDepthwiseGradient", nasoa::wideDepthwiseGradientPays())) return nullptr;
  if (!set(env, exports, "denseGroups", nasoa::denseGroupsPay())) return nullptr;
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialise)
