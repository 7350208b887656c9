#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client-sdk/src/http/http_client.hpp"
#include "client-sdk/src/signing/call_signer.hpp"
#include "client-sdk/src/testing/fake_transaction.hpp"

namespace escrow::testing {

/// Makes the calls that a transaction owes, one after another, as docs/protocol.md sections 2 and 4 order them. Not thread-safe: one
/// transaction is driven by one thread at a time.
class FakeDriver {
 public:
  /// Told of every call: transaction, branch ("" for a check), operation, attempt and status (0: none).
  using Told = std::function<void(const std::string& branch, const FakeOperation&, unsigned status)>;

  FakeDriver(http::HttpClient& client, signing::CallSigner signer, FakeTransaction& transaction, Told told)
      : client_(client), signer_(std::move(signer)), transaction_(transaction), told_(std::move(told)) {}

  /// Goes as far as it can. With `hold_second_phase`, calls nothing that depends on a decision.
  void drive(bool hold_second_phase);
  /// Asks the check once more, and decides by its answer.
  void ask_check();

 private:
  enum class Meaning { succeeded, refused, unknown };

  void forward();
  [[nodiscard]] bool forward_one(FakeBranch& branch, bool behind_pivot);
  void commit();
  void undo();
  /// Calls until it succeeds, a few times at most; true when it is done.
  bool insist(const std::string& branch, const FakeBranch* of, FakeOperation& operation);
  Meaning call(const std::string& branch, const FakeBranch* of, FakeOperation& operation, protocol::Phase phase);
  [[nodiscard]] std::vector<std::size_t> forward_order() const;

  http::HttpClient& client_;
  const signing::CallSigner signer_;
  FakeTransaction& transaction_;
  Told told_;
};

}  // namespace escrow::testing
