#pragma once

#include "tests/fault-injection/http/line.hpp"
#include "tests/fault-injection/http/network.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace escrow::http_faults {

/// One end of a Line with as much of the interface of an Asio socket as the transport uses.
class MemorySocket : public boost::asio::socket_base {
 public:
  using executor_type = boost::asio::any_io_executor;
  using lowest_layer_type = MemorySocket;
  using Failure = boost::system::error_code;
  using Endpoint = boost::asio::ip::tcp::endpoint;

  explicit MemorySocket(executor_type executor) : executor_(std::move(executor)) {}
  ~MemorySocket() {
    if (line_) line_->close(side_);
  }
  MemorySocket(MemorySocket&&) noexcept = default;
  MemorySocket& operator=(MemorySocket&&) = delete;

  /// Becomes that end of the line.
  void attach(std::shared_ptr<Line> line, int side) {
    line_ = std::move(line);
    side_ = side;
  }

  executor_type get_executor() { return executor_; }
  lowest_layer_type& lowest_layer() { return *this; }
  [[nodiscard]] bool is_open() const { return line_ && !line_->is_closed(side_); }
  [[nodiscard]] bool has_nothing_to_read() const { return line_->has_nothing_to_read(side_); }

  template <class Option>
  void set_option(const Option&, Failure& failure) {
    failure = {};
  }
  [[nodiscard]] Endpoint remote_endpoint(Failure& failure) const {
    failure = is_open() ? Failure{} : Failure(boost::asio::error::not_connected);
    return {boost::asio::ip::address_v4::loopback(), 40000};
  }
  void shutdown(shutdown_type, Failure& failure) {
    failure = is_open() && !line_->is_reset() ? Failure{} : Failure(boost::asio::error::not_connected);
    if (!failure) line_->end(side_);
  }
  void cancel(Failure& failure) {
    failure = {};
    if (line_) line_->abort(side_);
  }
  void close(Failure& failure) {
    failure = {};
    if (line_) line_->close(side_);
    if (connecting_) connecting_->abort();
  }

  template <class Token>
  auto async_connect(const Endpoint& endpoint, Token&& token) {
    return boost::asio::async_initiate<Token, void(Failure)>(
        [this, endpoint](auto handler) {
          connecting_ = std::make_shared<Connecting>();
          const auto abort = [connecting = connecting_] { connecting->abort(); };
          connecting_->operation = make_operation<false>(std::move(handler), executor_, abort);
          line_ = std::make_shared<Line>();
          side_ = 0;
          Network::current().connect(endpoint, line_, connecting_);
        },
        token);
  }

  /// Only TLS waits without reading, and there is none in memory.
  template <class Token>
  auto async_wait(wait_type, Token&& token) {
    return boost::asio::async_initiate<Token, void(Failure)>(
        [this](auto handler) {
          boost::asio::post(executor_, [handler = std::move(handler)]() mutable {
            std::move(handler)(Failure(boost::asio::error::operation_not_supported));
          });
        },
        token);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const auto first = boost::asio::buffer_sequence_begin(buffers);
    const boost::asio::mutable_buffer into =
        first == boost::asio::buffer_sequence_end(buffers) ? boost::asio::mutable_buffer() : boost::asio::mutable_buffer(*first);
    return boost::asio::async_initiate<Token, void(Failure, std::size_t)>(
        [this, into](auto handler) {
          const auto abort = [line = line_, side = side_] { line->abort_read(side); };
          line_->read(side_, into, make_operation<true>(std::move(handler), executor_, abort));
        },
        token);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    std::vector<boost::asio::const_buffer> gathered(boost::asio::buffer_sequence_begin(buffers), boost::asio::buffer_sequence_end(buffers));
    return boost::asio::async_initiate<Token, void(Failure, std::size_t)>(
        [this, gathered](auto handler) {
          const auto abort = [line = line_, side = side_] { line->abort_write(side); };
          line_->write(side_, gathered, make_operation<true>(std::move(handler), executor_, abort));
        },
        token);
  }

 private:
  executor_type executor_;
  std::shared_ptr<Line> line_;
  std::shared_ptr<Connecting> connecting_;
  int side_ = 0;
};

}  // namespace escrow::http_faults
