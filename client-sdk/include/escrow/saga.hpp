#pragma once

#include <string>
#include <utility>

#include <escrow/transaction_draft.hpp>

namespace escrow {

/// A saga: steps, each with its undoing. The coordinator drives it with `client.run(saga)` or `client.start(saga)`.
class Saga : public TransactionSetters<Saga> {
 public:
  /// `name` is what operators and metrics know it by, up to 128 characters; it may be empty.
  explicit Saga(std::string name = {}) : TransactionSetters(Mode::saga, std::move(name)) {}

  Saga& step(const Step& step) {
    add(step);
    return *this;
  }
  /// One after another (the default) or all at once; not beside `Step::after`.
  Saga& order(Order order) {
    request_.order = order;
    return *this;
  }
};

}  // namespace escrow
