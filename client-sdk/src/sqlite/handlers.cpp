#include <escrow/sqlite/handlers.hpp>

#include <utility>

#include <escrow/error.hpp>
#include <escrow/message_check.hpp>

namespace escrow::sqlite {
namespace {

Outcome without_connection(const Error& error) {
  return error.code == Errc::busy ? Outcome::busy(error.detail) : Outcome::unavailable(error.detail);
}

}  // namespace

Handler behind_barrier(Connections connections, LocalHandler handler) {
  return [connections = std::move(connections), handler = std::move(handler)](const Branch& branch, const std::string& payload) -> Outcome {
    const auto lease = connections.lease();
    if (!lease) return without_connection(lease.error());
    return Barrier(*lease).run(
        branch, [&](const std::string& forward_output) { return handler(Call(lease->get(), branch, payload, forward_output)); });
  };
}

Handler message_check(Connections connections) {
  return [connections = std::move(connections)](const Branch& branch, const std::string&) -> Outcome {
    const auto lease = connections.lease();
    if (!lease) return without_connection(lease.error());
    return Barrier(*lease).answer_check(branch);
  };
}

}  // namespace escrow::sqlite
