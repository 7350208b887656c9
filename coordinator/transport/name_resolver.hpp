#pragma once

#include "coordinator/async/task.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace escrow::transport {

/// The outcome of a look-up: addresses in the order in which they should be tried, or why there are none.
struct ResolvedName {
  ResolvedName() {}

  std::vector<boost::asio::ip::address> addresses;
  std::string failure;
};

/// Turns host names into addresses. Addresses in numeric form never come here, except unusual ones such as 0x7f.1.
class NameResolver {
 public:
  virtual ~NameResolver() = default;

  /// Cancelling the calling coroutine (a deadline, a shutdown) ends the wait at once.
  virtual async::Task<ResolvedName> resolve(std::string host) = 0;
};

/// The system's resolver (getaddrinfo) on a few threads of its own: Asio's has a single one, so that one dead name
/// server would hold up calls to every other host. Look-ups of the same host share one.
class SystemResolver final : public NameResolver {
 public:
  /// Answers arrive on `executor`.
  explicit SystemResolver(async::Executor executor, std::size_t threads = 4);
  /// Does not wait for a look-up that hangs in the system: nothing can interrupt it. Its thread owns what it touches.
  ~SystemResolver() override;

  async::Task<ResolvedName> resolve(std::string host) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace escrow::transport
