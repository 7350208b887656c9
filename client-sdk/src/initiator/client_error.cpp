#include <escrow/client_error.hpp>

namespace escrow {

std::string ClientError::to_string() const {
  std::string text = make_error_code(code_).message();
  if (!gid_.empty()) text += " (" + gid_ + ")";
  if (!detail_.empty()) text += ": " + detail_;
  for (const FieldFault& fault : faults_) text += "; " + fault.place() + ": " + fault.detail();
  for (const std::string& pointer : differs_) text += "; differs in " + pointer;
  return text;
}

}  // namespace escrow
