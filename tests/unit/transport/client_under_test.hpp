#pragma once

#include "coordinator/async/event.hpp"
#include "coordinator/async/task_group.hpp"
#include "coordinator/transport/http_client.hpp"
#include "coordinator/transport/name_resolver.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace escrow::transport::testing {

/// Answers from a table; a host that is not there is never answered.
class FakeResolver final : public NameResolver {
 public:
  explicit FakeResolver(async::Executor executor) : never_(std::move(executor)) {}

  async::Task<ResolvedName> resolve(std::string host) override {
    ++asked_;
    const auto found = names_.find(host);
    if (found == names_.end()) co_await never_.wait();
    co_return found->second;
  }
  void know(const std::string& host, const std::vector<std::string>& addresses) {
    for (const std::string& text : addresses) names_[host].addresses.push_back(boost::asio::ip::make_address(text));
  }
  void fail(const std::string& host, std::string why) { names_[host].failure = std::move(why); }
  [[nodiscard]] int asked() const { return asked_; }

 private:
  async::Event never_;
  std::map<std::string, ResolvedName> names_;
  int asked_ = 0;
};

/// A client whose calls run in the test's thread.
class ClientUnderTest {
 public:
  explicit ClientUnderTest(ClientLimits limits = {}, TargetCheck check = {}, const ClientTls& tls = {})
      : resolver_(std::make_shared<FakeResolver>(io_.get_executor())) {
    auto made = HttpClient::make(io_.get_executor(), limits, std::move(check), tls, resolver_);
    if (!made) throw std::runtime_error(made.error().detail);
    client_ = *std::move(made);
  }

  CallAnswer call(OutboundCall call) { return escrow::testing::run(io_, client_->call(std::move(call))); }
  CallAnswer call(const std::string& url) { return call(to(url)); }
  /// A call that no test waits for in vain.
  static OutboundCall to(const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    OutboundCall call(*protocol::Url::parse(url));
    call.timeout(timeout);
    return call;
  }

  [[nodiscard]] HttpClient& client() { return *client_; }
  [[nodiscard]] FakeResolver& names() { return *resolver_; }
  [[nodiscard]] boost::asio::io_context& io() { return io_; }

 private:
  boost::asio::io_context io_;
  std::shared_ptr<FakeResolver> resolver_;
  std::unique_ptr<HttpClient> client_;
};

/// The kind of failure, or `answered STATUS`.
inline std::string outcome(const CallAnswer& answer) {
  return answer.answered() ? "answered " + std::to_string(answer.answer().status) : std::string(to_string(answer.failure().kind));
}

}  // namespace escrow::transport::testing
