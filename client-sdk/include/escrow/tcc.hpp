#pragma once

#include <string>
#include <utility>

#include <escrow/transaction_draft.hpp>

namespace escrow {

/// Try, confirm, cancel. Driven with `client.run(tcc)`, or by your own hand with a TccScope.
class Tcc : public TransactionSetters<Tcc> {
 public:
  /// `name` is what operators and metrics know it by, up to 128 characters; it may be empty.
  explicit Tcc(std::string name = {}) : TransactionSetters(Mode::tcc, std::move(name)) {}

  Tcc& branch(const TccBranch& branch) {
    add(branch);
    return *this;
  }
  /// All tries at once (the default) or one after another; not beside `TccBranch::after`.
  Tcc& order(Order order) {
    request_.order = order;
    return *this;
  }
};

}  // namespace escrow
