#include "coordinator/daemon.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "coordinator/async/persist.hpp"
#include "coordinator/async/task_group.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/faults/fault_point.hpp"
#include "coordinator/server/api.hpp"
#include "coordinator/server/auth/authenticator.hpp"
#include "coordinator/server/config_files.hpp"
#include "coordinator/server/gid_source.hpp"
#include "coordinator/server/reload/reloads.hpp"
#include "coordinator/server/settings_table.hpp"
#include "coordinator/server/signing_keys.hpp"
#include "coordinator/store/store.hpp"
#include "coordinator/transport/http_client.hpp"
#include "coordinator/transport/http_server.hpp"
#include "coordinator/transport/target_policy.hpp"

namespace escrow {
namespace {

namespace asio = boost::asio;

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("escrowd");
}

std::uint64_t new_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

std::string limits_json(const server::Config& config) {
  return fmt::format(
      R"({{"body_bytes":{},"header_bytes":{},"connections":{},"header_timeout_ms":{},"body_timeout_ms":{},"idle_timeout_ms":{},)"
      R"("branches":{},"unfinished_transactions":{},"calls_per_destination":{},"stream_clients":{}}})",
      config.http.body_bytes, config.http.header_bytes, config.http.connections, config.http.header_timeout.count(),
      config.http.body_timeout.count(), config.http.idle_timeout.count(), config.engine.branches, config.engine.unfinished_transactions,
      config.engine.calls_per_destination, config.stream.clients);
}

server::Instance instance_of(const server::Config& config, const std::string& version) {
  server::Instance instance;
  instance.version = version;
  instance.node = config.node.empty() ? machine_name() : config.node;
  instance.store = config.store_location.starts_with("sqlite::memory:") ? "memory" : "sqlite";
  instance.retention = config.retention;
  instance.tombstone = config.tombstone;
  instance.limits_json = limits_json(config);
  instance.settings_json = server::settings_json(config);
  return instance;
}

/// A failed fsync, or an exception that nobody expected: what the disk holds, or what memory holds, is no longer known here, and only a new
/// process reads it again.
void end_after_fatal(server::Logger& logger, std::string_view what, const std::string& why) {
  logger.error(what, {{"detail", std::string_view(why)}});
  logger.flush();
  std::_Exit(exit_store);
}

class Daemon {
 public:
  Daemon(const server::Config& config, const std::string& version, server::Logger& logger, std::unique_ptr<store::Log> log,
         transport::TargetPolicy policy)
      : config_(config),
        logger_(logger),
        policy_(std::move(policy)),
        store_(std::move(log), config.store),
        instance_(instance_of(config, version)),
        signals_(context_, SIGTERM, SIGINT),
        hangup_(context_, SIGHUP),
        reloads_(logger) {
    store_.on_fatal([this](const std::string& why) { end_after_fatal(logger_, "the store failed", why); });
    store_.on_slow([this](const std::string& why) { logger_.warning("the store is slow", {{"detail", std::string_view(why)}}); });
  }

  int run() {
    const auto check = [this](std::string_view host, const asio::ip::address& address) { return policy_.allows(host, address); };
    if (config_.auth.is_configured()) authenticator_ = server::auth::Authenticator(wall_clock_ms, config_.auth.limits);
    for (const server::Reloadable& reloadable : reloadables()) {
      if (const auto read = reloads_.add(reloadable); !read) return refuse_config(reloadable.key, read.error().detail);
    }
    client_ = transport::HttpClient::make(context_.get_executor(), config_.calls, check, target_tls_);
    engine_.emplace(engine::Engine::Parts{context_.get_executor(), store_, *client_, config_.engine, config_.retention, config_.tombstone,
                                          new_seed(), &signer_});
    api_.emplace(api_parts());
    const auto answer = [this](transport::Request request) { return api_->handle(std::move(request)); };
    const auto warn = [this](std::string_view what) { logger_.error("http server", {{"detail", what}}); };
    transport::ServerLimits limits = config_.http;
    // Where nobody is asked, nobody is more of a stranger than others.
    const std::size_t half = std::max<std::size_t>(limits.connections / 2, 1);
    limits.unknown_connections = config_.auth.is_configured() ? std::min(limits.unknown_connections, half) : 0;
    http_.emplace(context_.get_executor(), limits, answer, server::render_transport_error, warn);
    http_->use_tls(tls_);
    http_->check_heads([this](const transport::Request& head) { return api_->check_head(head); });
    const auto endpoint = http_->listen(config_.listen);
    if (!endpoint) return refuse_config("listen", endpoint.error().detail);
    address_ = endpoint->text();

    asio::co_spawn(context_, serve(), [](const std::exception_ptr& failure) {
      // Without it nobody would hear a signal any more.
      if (failure) std::rethrow_exception(failure);
    });
    try {
      context_.run();
    } catch (const std::exception& error) {
      // What it interrupted is half done, and what an orderly way out would destroy is in use by tasks and threads.
      end_after_fatal(logger_, "escrowd failed", error.what());
    }
    return status_;
  }

 private:
  int refuse_config(std::string_view key, std::string_view detail) {
    logger_.error("configuration can't be used", {{"key", key}, {"detail", detail}});
    return exit_config;
  }

  /// What is read from files that may change while we run.
  std::vector<server::Reloadable> reloadables() {
    std::vector<server::Reloadable> out;
    if (config_.auth.is_configured()) {
      const auto files = [this] {
        return config_.auth.tokens_file.empty() ? std::vector<std::string>() : std::vector{config_.auth.tokens_file};
      };
      const auto read = [this]() -> Result<void, Error> {
        const auto warn = [this](std::string_view what) { logger_.warning("tokens", {{"detail", what}}); };
        auto table = server::load_tokens(config_, warn);
        if (!table) return table.error();
        authenticator_.replace(*std::move(table));
        return {};
      };
      out.push_back({std::string(config_.auth.key()), files, read});
    }
    const auto read_targets = [this]() -> Result<void, Error> {
      auto tls = server::load_target_tls(config_);
      if (!tls) return tls.error();
      auto keys = server::load_signing_keys(config_);
      if (!keys) return Error{{}, keys.error().front().detail};
      for (const std::string& what : keys->shared_keys()) {
        logger_.warning(
            "one of several participants could play coordinator at the others with the calls that it gets; give each its own key",
            {{"key", "targets.credentials_file"}, {"detail", std::string_view(what)}});
      }
      target_tls_ = *std::move(tls);
      if (client_) client_->use_tls(target_tls_);
      signer_.replace(*std::move(keys));
      return {};
    };
    out.push_back({"targets.credentials_file", [this] { return server::target_tls_files(config_); }, read_targets});
    if (config_.tls.enabled()) {
      const auto read_tls = [this]() -> Result<void, Error> {
        auto tls = server::load_server_tls(config_);
        if (!tls) return tls.error();
        tls_ = *std::move(tls);
        if (http_) http_->use_tls(tls_);
        return {};
      };
      const auto files = [this] { return std::vector{config_.tls.certificate_file, config_.tls.key_file, config_.tls.client_ca_file}; };
      out.push_back({"tls", files, read_tls});
    }
    return out;
  }

  server::StreamLimits stream_limits() const {
    server::StreamLimits limits = config_.stream;
    limits.hides_words = !config_.payload_members.empty();
    return limits;
  }

  server::ApiParts api_parts() {
    protocol::RequestRules rules;
    rules.branches = config_.engine.branches;
    rules.target_fault = [this](const protocol::Url& url) -> std::optional<std::string> {
      if (!policy_.forbids_literal(url.host())) return std::nullopt;
      return "the configuration does not allow calls to this address";
    };
    return {*engine_,
            logger_,
            instance_,
            server::OriginGuard(config_.listen, config_.hosts),
            server::Door(authenticator_, logger_, config_.auth.open_metrics),
            reloads_,
            *server::PayloadMask::make(config_.payload_members),
            stream_limits(),
            std::move(rules),
            [this] { return gids_.next(wall_clock_ms()); },
            [this] { return http_ ? http_->connections() : 0; }};
  }

  async::Task<> serve() {
    const auto recovered = co_await engine_->recover();
    if (!recovered) {
      logger_.error("the store can't be used", {{"detail", std::string_view(recovered.error().detail)}});
      status_ = exit_store;
      client_->shut_down();
      co_await http_->drain(std::chrono::milliseconds(0));
      co_return;
    }
    ESCROW_FAULT_POINT("daemon.ready", "");
    http_->run();
    warn_of_open_doors();
    logger_.info("ready", {{"listen", std::string_view(address_)},
                           {"authentication", std::string_view(config_.auth.is_configured() ? "tokens" : "none")},
                           {"store", std::string_view(server::without_password(config_.store_location))},
                           {"store_id", std::string_view(store_.store_id())}});
    std::printf("escrowd listening on %s://%s\n", config_.tls.enabled() ? "https" : "http", address_.c_str());
    std::fflush(stdout);

    async::TaskGroup watch(context_.get_executor());
    const auto warn = [this](std::string_view why) { logger_.warning("begun again after a failure", {{"detail", why}}); };
    watch.spawn(async::persist([this] { return tell_readiness(); }, warn));
    watch.spawn(async::persist([this] { return read_again_on_hangup(); }, warn));
    if (!reloads_.empty()) watch.spawn(async::persist([this] { return look_at_files(); }, warn));
    const int signal = co_await signals_.async_wait(asio::use_awaitable);
    watch.cancel();
    co_await watch.join();
    logger_.info("shutting down", {{"signal", std::int64_t{signal}}, {"grace_ms", std::int64_t{config_.shutdown_grace.count()}}});
    signals_.async_wait([this](const boost::system::error_code& failure, int) {
      if (!failure) end_at_once();
    });
    ESCROW_FAULT_POINT("drain.begun", "");
    api_->begin_drain();
    co_await engine_->drain(config_.shutdown_grace);
    ESCROW_FAULT_POINT("drain.engine", "");
    // Whoever waited has been answered by now; what is left are answers on their way.
    co_await http_->drain(std::chrono::milliseconds(1'000));
    co_await api_->end();
    client_->shut_down();
    signals_.cancel();
    ESCROW_FAULT_POINT("drain.done", "");
    logger_.info("stopped");
  }

  void warn_of_open_doors() {
    const bool is_asked = config_.auth.is_configured();
    const bool is_loopback = server::is_loopback_host(server::host_of(config_.listen));
    if (!is_asked && !is_loopback) {
      logger_.warning("other machines are served without being asked who they are",
                      {{"listen", std::string_view(address_)}, {"key", "auth.insecure"}});
    } else if (is_asked && !is_loopback && !config_.tls.enabled()) {
      logger_.warning("tokens come over plain http, where everybody on the way can read and use them; set tls.* here or end TLS in front",
                      {{"listen", std::string_view(address_)}, {"key", "tls"}});
    } else if (!is_asked && !config_.hosts.empty()) {
      // Names that others use mean a proxy in front, and it lets everybody through to here.
      logger_.warning("server.hosts names what others call this coordinator, and nobody is asked who he is",
                      {{"listen", std::string_view(address_)}, {"key", "auth.tokens_file"}});
    }
  }

  /// Says in the log when the coordinator stops and begins again to take new work: the ready page only says so to who asks.
  async::Task<> tell_readiness() {
    asio::steady_timer timer(context_);
    bool was_ready = true;
    for (;;) {
      timer.expires_after(std::chrono::seconds(1));
      co_await timer.async_wait(asio::use_awaitable);
      const bool is_ready = engine_->is_ready();
      if (is_ready == was_ready) continue;
      was_ready = is_ready;
      if (is_ready) {
        logger_.info("ready again");
      } else {
        logger_.error("not ready", {{"detail", "the store refuses writes; new work gets 503, what is durable is driven on"}});
      }
    }
  }

  async::Task<> read_again_on_hangup() {
    for (;;) {
      co_await hangup_.async_wait(asio::use_awaitable);
      logger_.info("reading files again", {{"signal", std::int64_t{SIGHUP}}});
      reloads_.read_all();
    }
  }

  async::Task<> look_at_files() {
    asio::steady_timer timer(context_);
    for (;;) {
      timer.expires_after(config_.auth.reload);
      co_await timer.async_wait(asio::use_awaitable);
      reloads_.look();
    }
  }

  /// The second signal. Nothing is lost: what was told is on disk, and the rest is found again at the next start.
  [[noreturn]] void end_at_once() {
    logger_.warning("ended at once by a second signal");
    logger_.flush();
    std::_Exit(exit_clean);
  }

  const server::Config& config_;
  server::Logger& logger_;
  const transport::TargetPolicy policy_;
  server::GidSource gids_;
  // Before the store: its threads hand over there until they are joined, also what nobody waits for any more.
  asio::io_context context_{1};
  store::Store store_;
  const server::Instance instance_;
  asio::signal_set signals_;
  asio::signal_set hangup_;
  server::Reloads reloads_;
  server::auth::Authenticator authenticator_;
  std::shared_ptr<const transport::TargetTls> target_tls_;
  std::shared_ptr<const transport::ServerTls> tls_;
  std::unique_ptr<transport::HttpClient> client_;
  engine::driver::CallSigner signer_;
  std::optional<engine::Engine> engine_;
  std::optional<server::Api> api_;
  std::optional<transport::HttpServer> http_;
  std::string address_;
  int status_ = exit_clean;
};

}  // namespace

int run_daemon(const server::Config& config, const std::string& version, server::Logger& logger) {
  // A client that goes away and a file that may not grow are error codes, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);

  auto policy = transport::TargetPolicy::make(config.targets_allow, config.targets_deny);
  if (!policy) {
    logger.error("configuration can't be used", {{"key", "targets"}, {"detail", std::string_view(policy.error().detail)}});
    return exit_config;
  }
  auto log = store::open_log(config.store_location);
  if (!log) {
    const bool is_config = log.error().code == store::LogErrc::invalid_location;
    logger.error(is_config ? "configuration can't be used" : "the store can't be used",
                 {{"key", "store"},
                  {"store", std::string_view(server::without_password(config.store_location))},
                  {"detail", std::string_view(log.error().detail)}});
    return is_config ? exit_config : exit_store;
  }
  // The daemon's own set of signals goes before its store, which may write for a while yet: a signal then must not be taken for one that
  // nobody handles. These are never looked at, and never let go of: the process ends behind this function. (Not before the store is open:
  // until then a signal ends the process as it ends any.)
  static auto* const outlasting = new asio::io_context{1};
  static const auto* const kept = new asio::signal_set(*outlasting, SIGTERM, SIGINT);
  static_cast<void>(kept);
  Daemon daemon(config, version, logger, std::move(*log), std::move(*policy));
  return daemon.run();
}

}  // namespace escrow
