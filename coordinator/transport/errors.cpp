#include "coordinator/transport/errors.hpp"

namespace escrow::transport {
namespace {

class TransportCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "escrow.transport"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::address_invalid: return "not an address to listen on";
      case Errc::address_unavailable: return "cannot listen on this address";
      case Errc::tls_setup: return "cannot set up TLS";
      case Errc::target_rule_invalid: return "neither a host nor a network";
    }
    return "unknown transport error";
  }
};

}  // namespace

const std::error_category& transport_category() noexcept {
  static const TransportCategory category;
  return category;
}

}  // namespace escrow::transport
