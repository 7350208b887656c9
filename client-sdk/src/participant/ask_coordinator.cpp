#include <escrow/cleaner.hpp>
#include <escrow/client.hpp>

namespace escrow {

CleanerQuestions ask_coordinator(const Client& client) {
  CleanerQuestions questions;
  questions.store_id = [&client]() -> Result<std::string> {
    const auto info = client.info();
    if (!info) return info.error().to_error();
    return info->store_id();
  };
  questions.standing = [&client](const std::string& gid) -> Result<Standing> {
    const auto transaction = client.get(gid);
    if (transaction) return transaction->is_terminal() ? Standing::terminal : Standing::unfinished;
    // Only the coordinator's own problem document counts: a proxy's 404 page knows nothing of transactions.
    if (transaction.error().problem() == protocol::ProblemCode::not_found) return Standing::not_found;
    return transaction.error().to_error();
  };
  return questions;
}

}  // namespace escrow
