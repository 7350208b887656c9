#include "coordinator/server/auth/usage.hpp"

#include <algorithm>
#include <cmath>

namespace escrow::server::auth {

Usage::Bucket& Usage::bucket_of(const std::string& name, const Limits& limits, Time now) {
  const auto rate = static_cast<double>(limits.rate_per_s);
  const double size = limits.burst > 0 ? static_cast<double>(limits.burst) : 2 * rate;
  const auto [entry, is_new] = buckets_.try_emplace(name, Bucket{size, now});
  Bucket& bucket = entry->second;
  bucket.tokens = std::min(size, bucket.tokens + rate * std::chrono::duration<double>(now - bucket.filled_at).count());
  bucket.filled_at = now;
  return bucket;
}

std::optional<std::chrono::seconds> Usage::look_at_requests(const std::string& name, const Limits& limits, Time now) {
  if (limits.rate_per_s == 0) return std::nullopt;
  const Bucket& bucket = bucket_of(name, limits, now);
  if (bucket.tokens >= 1) return std::nullopt;
  const auto rate = static_cast<double>(limits.rate_per_s);
  return std::chrono::seconds(std::max<std::int64_t>(1, std::llround(std::ceil((1 - bucket.tokens) / rate))));
}

std::optional<std::chrono::seconds> Usage::take_request(const std::string& name, const Limits& limits, Time now) {
  const auto wait = look_at_requests(name, limits, now);
  if (!wait && limits.rate_per_s > 0) bucket_of(name, limits, now).tokens -= 1;
  return wait;
}

std::shared_ptr<const void> Usage::open_stream(const std::string& name, const Limits& limits) {
  std::int64_t& open = (*streams_)[name];
  if (limits.stream_clients > 0 && open >= limits.stream_clients) return nullptr;
  ++open;
  return std::shared_ptr<const void>(streams_.get(), [streams = streams_, name](const void*) {
    if (--(*streams)[name] == 0) streams->erase(name);
  });
}

Usage::Begun Usage::begin(const std::string& name, const Limits& limits, const std::string& gid) {
  if (owners_.contains(gid)) return Begun::known;
  std::int64_t& unfinished = unfinished_[name];
  if (unfinished >= limits.unfinished_transactions) return Begun::full;
  ++unfinished;
  owners_.emplace(gid, name);
  return Begun::counted;
}

void Usage::ended(const std::string& gid) {
  const auto owner = owners_.find(gid);
  if (owner == owners_.end()) return;
  --unfinished_[owner->second];
  owners_.erase(owner);
}

}  // namespace escrow::server::auth
