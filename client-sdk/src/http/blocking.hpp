#pragma once

#include <functional>

#include "client-sdk/src/http/http_client.hpp"

namespace escrow::http {

using Answered = std::function<void(Result<Answer, Failure>)>;

/// Begins an exchange from any thread; `answered` is called once, on the client's thread, or here when the client is closed.
void begin_exchange(HttpClient& client, Request request, Answered answered);

/// The same, waiting for the answer. Never on the client's thread.
[[nodiscard]] Result<Answer, Failure> exchange_blocking(HttpClient& client, Request request);

}  // namespace escrow::http
