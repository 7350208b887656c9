#include "coordinator/store/log.hpp"

namespace escrow::store {
namespace {

class LogCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "escrow.log"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<LogErrc>(value)) {
      case LogErrc::unavailable: return "the log is not available";
      case LogErrc::corrupt: return "the log is damaged";
      case LogErrc::newer: return "the log was written by a newer version of Escrow";
      case LogErrc::locked: return "the log is in use by another coordinator";
      case LogErrc::not_a_log: return "the file is not a log of Escrow";
      case LogErrc::invalid_cursor: return "the cursor was not given by a list";
      case LogErrc::invalid_location: return "the location of the log is not understood";
    }
    return "unknown error of the log";
  }
};

}  // namespace

std::error_code make_error_code(LogErrc code) {
  static const LogCategory category;
  return {static_cast<int>(code), category};
}

}  // namespace escrow::store
