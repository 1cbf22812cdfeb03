// TensorFlow 2.21 logs through Abseil, which writes to standard error until a program has initialised it, whatever
// TF_CPP_MIN_LOG_LEVEL says. A Node program cannot do that from JavaScript, so the binding sets the level as it is loaded.
#include <cstdlib>

namespace absl {
inline namespace lts_20250814 {
// absl/log/globals.h and absl/base/log_severity.h of the Abseil inside the wheel; another one fails to link
enum class LogSeverityAtLeast : int { kInfo = 0, kWarning = 1, kError = 2, kFatal = 3, kInfinity = 1000 };
void SetMinLogLevel(LogSeverityAtLeast severity);
}  // namespace lts_20250814
}  // namespace absl

namespace {
__attribute__((constructor)) void SetLogLevel() {
  const char* wanted = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  const int level = wanted == nullptr ? 2 : std::atoi(wanted);
  absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(level));
}
}  // namespace
