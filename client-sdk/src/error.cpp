#include <escrow/error.hpp>

#include <utility>

namespace escrow {
namespace {

class SdkCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "escrow"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::invalid_argument: return "invalid argument";
      case Errc::unreachable: return "the coordinator could not be reached";
      case Errc::unknown_outcome: return "the outcome is unknown";
      case Errc::unavailable: return "the coordinator is unavailable";
      case Errc::unauthenticated: return "not authenticated or not allowed";
      case Errc::not_found: return "not found";
      case Errc::gid_conflict: return "the gid belongs to another request";
      case Errc::branch_conflict: return "the branch was registered with other content";
      case Errc::already_decided: return "the transaction is already decided";
      case Errc::not_interactive: return "the transaction is not interactive";
      case Errc::past_pivot: return "the pivot has been passed";
      case Errc::rejected: return "rejected by the coordinator";
      case Errc::broken_answer: return "the answer is not a coordinator's";
      case Errc::cancelled: return "cancelled";
      case Errc::forked: return "inherited through a fork";
      case Errc::refused: return "refused by the participant";
      case Errc::branch_failed: return "a branch has failed";
      case Errc::malformed_call: return "malformed call";
      case Errc::unverified_call: return "not a call of the coordinator";
      case Errc::busy: return "the database is busy";
      case Errc::not_in_transaction: return "no open transaction";
      case Errc::message_aborted: return "the message was aborted by its check";
      case Errc::message_recorded: return "the message was recorded before";
      case Errc::database: return "database failure";
      case Errc::listen: return "the address can't be listened on";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& sdk_category() noexcept {
  static const SdkCategory category;
  return category;
}

std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), sdk_category()}; }

Error make_error(Errc code, std::string detail) { return Error{make_error_code(code), std::move(detail)}; }

}  // namespace escrow
