#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace escrow::http_faults {

/// What waits for a socket in memory. It ends once, and its handler is called from the executor, never on the spot: as Asio does it.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void finish(boost::system::error_code failure, std::size_t size) = 0;
};

template <class Handler, bool has_size>
class HandlerOperation final : public Operation {
 public:
  HandlerOperation(Handler handler, boost::asio::any_io_executor executor)
      : handler_(std::move(handler)), executor_(boost::asio::get_associated_executor(handler_, executor)) {}

  void finish(boost::system::error_code failure, std::size_t size) override {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) slot.clear();
    boost::asio::post(executor_, [handler = std::move(handler_), failure, size]() mutable {
      if constexpr (has_size) {
        std::move(handler)(failure, size);
      } else {
        static_cast<void>(size);
        std::move(handler)(failure);
      }
    });
  }

 private:
  Handler handler_;
  boost::asio::any_io_executor executor_;
};

/// `abort` is called when whoever waits is cancelled; it must let the operation finish.
template <bool has_size, class Handler>
std::unique_ptr<Operation> make_operation(Handler handler, const boost::asio::any_io_executor& executor, std::function<void()> abort) {
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign([abort = std::move(abort)](boost::asio::cancellation_type type) {
      // A copy: the slot, and this with it, is cleared on the way.
      const std::function<void()> call = abort;
      if (type != boost::asio::cancellation_type::none) call();
    });
  }
  return std::make_unique<HandlerOperation<Handler, has_size>>(std::move(handler), executor);
}

}  // namespace escrow::http_faults
