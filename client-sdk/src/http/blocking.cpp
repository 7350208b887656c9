#include "client-sdk/src/http/blocking.hpp"

#include <future>
#include <memory>
#include <utility>

namespace escrow::http {
namespace {

Task<void> exchange_and_tell(HttpClient& client, Request request, std::shared_ptr<Answered> answered) {
  auto answer = co_await client.exchange(std::move(request));
  (*answered)(std::move(answer));
}

}  // namespace

void begin_exchange(HttpClient& client, Request request, Answered answered) {
  auto shared = std::make_shared<Answered>(std::move(answered));
  if (!client.spawn(exchange_and_tell(client, std::move(request), shared))) {
    (*shared)(Failure{Failure::Kind::closing, false, "the client has been destroyed"});
  }
}

Result<Answer, Failure> exchange_blocking(HttpClient& client, Request request) {
  auto promise = std::make_shared<std::promise<Result<Answer, Failure>>>();
  auto future = promise->get_future();
  begin_exchange(client, std::move(request), [promise](Result<Answer, Failure> answer) { promise->set_value(std::move(answer)); });
  return future.get();
}

}  // namespace escrow::http
