#pragma once

#include <string>
#include <system_error>

namespace escrow::transport {

/// What can go wrong while the transport is set up; failures of a single call or request are answers, not errors.
enum class Errc {
  address_invalid = 1,  ///< not HOST:PORT, or the host has no address
  address_unavailable,  ///< in use, not ours, or not permitted
  tls_setup,            ///< certificates or keys that cannot be read
  target_rule_invalid,  ///< an entry of targets.allow or targets.deny that is neither a host nor a network
};

[[nodiscard]] const std::error_category& transport_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), transport_category()}; }

}  // namespace escrow::transport

template <>
struct std::is_error_code_enum<escrow::transport::Errc> : std::true_type {};
