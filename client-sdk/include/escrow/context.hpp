#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <escrow/branch.hpp>

/// Which transaction and trace the current thread works for, so that calls made inside a handler carry them on.
namespace escrow {

/// The transaction and W3C trace that a piece of work belongs to.
class Context {
 public:
  /// Made from a call of the coordinator; a malformed traceparent is left out, as W3C Trace Context 3.2.2 asks.
  explicit Context(const Branch& branch);
  /// For work that came in over plain HTTP: any of them may be empty.
  Context(std::string gid, const std::string& traceparent, std::string tracestate);

  /// The context of this thread, set by the innermost ContextScope; null outside one.
  [[nodiscard]] static const Context* current() noexcept;

  /// Empty when the work belongs to no transaction.
  [[nodiscard]] const std::string& gid() const noexcept { return gid_; }
  /// As it came in; empty when there was none that can be read.
  [[nodiscard]] const std::string& traceparent() const noexcept { return traceparent_; }
  [[nodiscard]] const std::string& tracestate() const noexcept { return tracestate_; }

  /// A traceparent for one outgoing call: the same trace, a new span. Without an incoming one: empty.
  [[nodiscard]] std::string child_traceparent() const;

 private:
  std::string gid_;
  std::string traceparent_;
  std::string tracestate_;
};

/// Makes a context the current one of this thread until the scope ends; scopes nest. Not for handing to another thread:
/// copy the Context there and open a scope.
class ContextScope {
 public:
  explicit ContextScope(Context context);
  ~ContextScope();
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;

 private:
  Context context_;
  const Context* outer_;
};

/// The headers that one outgoing call carries on for the current context: `traceparent` (a new span), `tracestate` and
/// `Escrow-Gid`; empty outside a scope. A call that belongs to another transaction replaces Escrow-Gid by its own.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> outgoing_headers();

/// A traceparent that starts a new trace, sampled.
[[nodiscard]] std::string new_traceparent();

}  // namespace escrow
