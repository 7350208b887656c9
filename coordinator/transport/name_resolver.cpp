#include "coordinator/transport/name_resolver.hpp"

#include "coordinator/async/event.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

namespace escrow::transport {
namespace {

namespace asio = boost::asio;

/// Blocks for as long as the system's resolver takes.
ResolvedName look_up(const std::string& host) {
  ResolvedName name;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failure != 0) {
    name.failure = ::gai_strerror(failure);
    return name;
  }
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    name.addresses.push_back(endpoint.address());
  }
  ::freeaddrinfo(found);
  return name;
}

/// What the threads see. They keep it alive, and touch the executor only while the resolver is there.
struct Shared {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::string> queue;
  std::function<void(std::string host, ResolvedName name)> deliver;
  bool stopping = false;
};

struct Worker {
  std::thread thread;
  bool is_looking_up = false;  // guarded by Shared::mutex
};

void work(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& self) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->wake.wait(lock, [&] { return shared->stopping || !shared->queue.empty(); });
    if (shared->stopping) return;
    std::string host = std::move(shared->queue.front());
    shared->queue.pop_front();
    self->is_looking_up = true;
    lock.unlock();
    ResolvedName name = look_up(host);
    lock.lock();
    self->is_looking_up = false;
    if (shared->stopping) return;
    shared->deliver(std::move(host), std::move(name));
  }
}

}  // namespace

struct SystemResolver::State {
  struct LookUp {
    explicit LookUp(const async::Executor& executor) : done(executor) {}
    async::Event done;
    ResolvedName name;
  };

  async::Executor executor;
  std::size_t threads;
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::vector<std::shared_ptr<Worker>> workers;
  std::unordered_map<std::string, std::shared_ptr<LookUp>> running;  // the executor's thread only

  State(async::Executor on, std::size_t thread_count) : executor(std::move(on)), threads(thread_count) {}

  void finish(const std::string& host, ResolvedName name) {
    const auto found = running.find(host);
    if (found == running.end()) return;
    const std::shared_ptr<LookUp> look_up = std::move(found->second);
    running.erase(found);
    look_up->name = std::move(name);
    look_up->done.set();
  }
  void start_threads() {
    while (workers.size() < threads) {
      auto worker = std::make_shared<Worker>();
      worker->thread = std::thread(work, shared, worker);
      workers.push_back(std::move(worker));
    }
  }
};

SystemResolver::SystemResolver(async::Executor executor, std::size_t threads)
    : state_(std::make_shared<State>(std::move(executor), threads)) {
  state_->shared->deliver = [executor = state_->executor, weak = std::weak_ptr<State>(state_)](std::string host, ResolvedName name) {
    asio::post(executor, [weak, host = std::move(host), name = std::move(name)]() mutable {
      if (const auto state = weak.lock()) state->finish(host, std::move(name));
    });
  };
}

SystemResolver::~SystemResolver() {
  Shared& shared = *state_->shared;
  {
    const std::lock_guard lock(shared.mutex);
    shared.stopping = true;
    shared.deliver = nullptr;
    for (const auto& worker : state_->workers) {
      // Nothing interrupts getaddrinfo; its thread ends by itself, and touches nothing but what it owns.
      if (worker->is_looking_up) worker->thread.detach();
    }
  }
  shared.wake.notify_all();
  for (const auto& worker : state_->workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

async::Task<ResolvedName> SystemResolver::resolve(std::string host) {
  std::shared_ptr<State::LookUp> look_up;
  {
    auto& entry = state_->running[host];
    if (!entry) {
      entry = std::make_shared<State::LookUp>(state_->executor);
      state_->start_threads();
      const std::lock_guard lock(state_->shared->mutex);
      state_->shared->queue.push_back(host);
      state_->shared->wake.notify_one();
    }
    look_up = entry;
  }
  co_await look_up->done.wait();
  co_return look_up->name;
}

}  // namespace escrow::transport
