#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <escrow/client_options.hpp>
#include <escrow/pending.hpp>
#include <escrow/transaction_view.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client-sdk/src/http/http_client.hpp"
#include "client-sdk/src/initiator/api_call.hpp"
#include "client-sdk/src/initiator/bearer_token.hpp"
#include "client-sdk/src/initiator/callback_thread.hpp"
#include "client-sdk/src/signing/call_signer.hpp"
#include "protocol/result.hpp"

namespace escrow {

/// What a Client, its AsyncClients and its calls under way share. Made by `create`, closed by the Client.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  template <class T>
  using Decode = Result<T> (*)(std::string_view);

  /// How a call that waits for the end of a transaction answers when the end does not come.
  enum class Waiting : std::uint8_t {
    shows,   ///< with what it saw last; a failure while waiting is the result
    keeps,   ///< with what it saw last, also when looking fails: the call itself has succeeded
    insists  ///< with Errc::unknown_outcome
  };

  /// Throws std::invalid_argument as Client does.
  [[nodiscard]] static std::shared_ptr<ClientCore> create(const ClientOptions& options);
  /// Ends what is under way. Not after a fork.
  void close();

  /// Whether this process is a child that inherited the object.
  [[nodiscard]] bool is_forked() const;
  [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }

  /// A call with the time-outs of the options and the trace of the current context.
  [[nodiscard]] ApiCall new_call(std::string method, std::string path, std::string gid, std::chrono::milliseconds wait = {}) const;

  template <class T>
  [[nodiscard]] Pending<T> begin(ApiCall call, Decode<T> decode);
  /// Any work on the network thread that ends with a result.
  template <class T>
  [[nodiscard]] Pending<T> begin(std::function<http::Task<Result<T, ClientError>>(ClientCore&)> work);
  /// A call that answers with the transaction, and follows it to its end as long as it was asked to.
  [[nodiscard]] Pending<TransactionView> begin_view(ApiCall call, Waiting waiting);
  /// A call that has failed before it began.
  template <class T>
  [[nodiscard]] Pending<T> failed(ClientError error);

  [[nodiscard]] http::HttpClient& http() noexcept { return http_; }
  /// Signs what an interactive initiator calls itself.
  [[nodiscard]] const signing::CallSigner& signer() const noexcept { return signer_; }

 private:
  class Addresses;

  explicit ClientCore(const ClientOptions& options);

  template <class T>
  [[nodiscard]] http::Task<Result<T, ClientError>> perform(ApiCall call, Decode<T> decode);
  [[nodiscard]] http::Task<Result<TransactionView, ClientError>> perform_view(ApiCall call, Waiting waiting);
  template <class T>
  static http::Task<void> deliver(std::shared_ptr<ClientCore> core, std::shared_ptr<typename Pending<T>::State> state,
                                  std::function<http::Task<Result<T, ClientError>>(ClientCore&)> work);
  [[nodiscard]] http::Request to_request(const ApiCall& call, std::size_t address);

  ClientOptions options_;
  /// On the network thread.
  BearerToken token_;
  signing::CallSigner signer_;
  pid_t process_;
  CallbackThread callbacks_;
  http::HttpClient http_;
  /// On the network thread: the address that answered last.
  std::size_t current_address_ = 0;
};

}  // namespace escrow
