#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/fault.hpp"
#include "protocol/result.hpp"
#include "protocol/start_request.hpp"
#include "protocol/url.hpp"
#include "protocol/words.hpp"

/// Reading start requests and registrations from JSON (docs/protocol.md, 3.2 and 3.3), with every fault at once.
/// Writing them is `start_request_writer.hpp`.
namespace escrow::protocol {

/// The longest duration that any member takes: a year. Longer ones could only overflow a clock.
inline constexpr std::int64_t duration_limit_ms = 31'536'000'000;
/// What counts go up to.
inline constexpr std::int64_t count_limit = 1'000'000'000;
/// Faults listed in one answer; a body made of faults must not become a larger answer.
inline constexpr std::size_t fault_limit = 1'000;

/// What the coordinator's configuration says about requests.
struct RequestRules {
  /// Branches of one transaction, registered ones included.
  std::size_t branches = 1'000;
  /// Why a literal address may not be called (`targets.allow`, `targets.deny`); nothing: it may. Empty: all may.
  std::function<std::optional<std::string>(const Url&)> target_fault = {};
};

/// Why a body was refused: `malformed_json` with a position in `detail`, or `invalid` with the faults.
struct BodyFault {
  ProblemCode code = ProblemCode::invalid;
  std::string detail;
  std::vector<Fault> faults;
};

/// `generated` becomes the gid of a request without one.
[[nodiscard]] Result<StartRequest, BodyFault> parse_start_request(std::string_view body, const RequestRules& rules, const Gid& generated);

/// The branches of a registration.
struct Registration {
  std::vector<std::shared_ptr<const BranchRequest>> branches;
  /// Whether the body was an array. If not, pointers begin at the branch itself, not at `/0`.
  bool is_array = true;
};

/// Reads one branch or an array of them for `transaction`, which is interactive and gives the defaults. What only holds or fails together
/// with the branches registered before is `check_registration` (registration.hpp).
[[nodiscard]] Result<Registration, BodyFault> parse_branches(std::string_view body, const StartRequest& transaction,
                                                             const RequestRules& rules);

}  // namespace escrow::protocol
