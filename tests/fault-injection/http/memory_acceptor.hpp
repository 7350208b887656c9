#pragma once

#include "tests/fault-injection/http/memory_socket.hpp"
#include "tests/fault-injection/http/network.hpp"

#include <deque>
#include <memory>
#include <utility>

namespace escrow::http_faults {

/// Listens in the Network, with as much of the interface of an Asio acceptor as the transport uses.
class MemoryAcceptor : public boost::asio::socket_base {
 public:
  using Failure = boost::system::error_code;
  using Endpoint = boost::asio::ip::tcp::endpoint;

  explicit MemoryAcceptor(boost::asio::any_io_executor executor) : executor_(std::move(executor)), state_(std::make_shared<State>()) {}
  ~MemoryAcceptor() {
    Failure ignored;
    if (state_) close(ignored);
  }
  MemoryAcceptor(MemoryAcceptor&&) noexcept = default;
  MemoryAcceptor& operator=(MemoryAcceptor&&) = delete;

  void open(const boost::asio::ip::tcp&, Failure& failure) { failure = {}; }
  template <class Option>
  void set_option(const Option&, Failure& failure) {
    failure = {};
  }
  void bind(const Endpoint& endpoint, Failure& failure) {
    failure = {};
    endpoint_ = Endpoint(endpoint.address(), endpoint.port() == 0 ? std::uint16_t{7400} : endpoint.port());
  }
  void listen(int, Failure& failure) {
    failure = {};
    Network::current().listen(endpoint_, [state = state_](std::shared_ptr<Line> line, std::shared_ptr<Connecting> attempt) {
      if (attempt) attempt->succeed();
      state->waiting.push_back(std::move(line));
      state->settle();
    });
  }
  [[nodiscard]] Endpoint local_endpoint(Failure& failure) const {
    failure = {};
    return endpoint_;
  }
  void close(Failure& failure) {
    failure = {};
    if (state_->closed) return;
    state_->closed = true;
    Network::current().stop_listening(endpoint_);
    state_->abort();
  }

  template <class Token>
  auto async_accept(MemorySocket& socket, Token&& token) {
    return boost::asio::async_initiate<Token, void(Failure)>(
        [this, &socket](auto handler) {
          const auto abort = [state = state_] { state->abort(); };
          state_->into = &socket;
          state_->operation = make_operation<false>(std::move(handler), executor_, abort);
          state_->settle();
        },
        token);
  }

 private:
  struct State {
    void settle() {
      if (closed) return abort();
      if (!operation || waiting.empty()) return;
      into->attach(std::move(waiting.front()), 1);
      waiting.pop_front();
      const std::unique_ptr<Operation> ended = std::move(operation);
      ended->finish({}, 0);
    }
    void abort() {
      const std::unique_ptr<Operation> ended = std::move(operation);
      if (ended) ended->finish(boost::asio::error::operation_aborted, 0);
    }

    std::deque<std::shared_ptr<Line>> waiting;
    MemorySocket* into = nullptr;
    std::unique_ptr<Operation> operation;
    bool closed = false;
  };

  boost::asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
  Endpoint endpoint_;
};

}  // namespace escrow::http_faults
