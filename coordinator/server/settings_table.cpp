#include "coordinator/server/settings_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <limits>
#include <type_traits>

#include "protocol/json_writer.hpp"
#include "protocol/start_request_json.hpp"

namespace escrow::server {
namespace {

using std::chrono::milliseconds;

struct Bounds {
  std::int64_t least;
  std::int64_t most;
};
constexpr std::int64_t many = 1'000'000'000;
constexpr Bounds count{1, many};
constexpr Bounds duration{1, protocol::duration_limit_ms};
constexpr Bounds long_duration{1, 100 * protocol::duration_limit_ms};

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `member` gives the place in a Config; an integer type or milliseconds.
template <class Member>
Setting integer(std::string key, Bounds bounds, Member member, std::string help) {
  using Value = std::remove_cvref_t<decltype(member(std::declval<Config&>()))>;
  Setting out;
  out.key = std::move(key);
  out.values = fmt::format("{} to {}", bounds.least, bounds.most);
  out.help = std::move(help);
  out.set = [bounds, member](Config& config, const std::vector<std::string>& values) -> std::optional<std::string> {
    const auto value = integer_of(values.front());
    if (!value || *value < bounds.least || *value > bounds.most)
      return fmt::format("must be an integer from {} to {}", bounds.least, bounds.most);
    if constexpr (std::is_same_v<Value, milliseconds>) {
      member(config) = milliseconds(*value);
    } else {
      member(config) = static_cast<Value>(*value);
    }
    return std::nullopt;
  };
  out.get = [member](const Config& config) {
    Config copy = config;  // one accessor serves both ways
    if constexpr (std::is_same_v<Value, milliseconds>) {
      return std::to_string(member(copy).count());
    } else {
      return std::to_string(member(copy));
    }
  };
  return out;
}

template <class Member>
Setting text(std::string key, std::string values, Member member, std::string help) {
  Setting out;
  out.key = std::move(key);
  out.values = std::move(values);
  out.help = std::move(help);
  out.set = [member](Config& config, const std::vector<std::string>& given) -> std::optional<std::string> {
    member(config) = given.front();
    return std::nullopt;
  };
  out.get = [member](const Config& config) {
    Config copy = config;
    return std::string(member(copy));
  };
  return out;
}

template <class Member>
Setting list(std::string key, std::string values, Member member, std::string help) {
  Setting out;
  out.key = std::move(key);
  out.values = std::move(values);
  out.help = std::move(help);
  out.is_list = true;
  out.set = [member](Config& config, const std::vector<std::string>& given) -> std::optional<std::string> {
    member(config) = given;
    return std::nullopt;
  };
  out.get = [member](const Config& config) {
    Config copy = config;
    return fmt::format("[{}]", fmt::join(member(copy), ", "));
  };
  return out;
}

Setting log_level() {
  Setting out;
  out.key = "log_level";
  out.values = "debug, info, warning, error";
  out.help = "The least level that is logged to standard error.";
  out.set = [](Config& config, const std::vector<std::string>& given) -> std::optional<std::string> {
    const auto level = log_level_of(given.front());
    if (!level) return "must be one of debug, info, warning, error";
    config.log_level = *level;
    return std::nullopt;
  };
  out.get = [](const Config& config) { return std::string(to_string(config.log_level)); };
  return out;
}

template <class Member>
Setting flag(std::string key, Member member, std::string help) {
  Setting out;
  out.key = std::move(key);
  out.values = "true, false";
  out.help = std::move(help);
  out.set = [member](Config& config, const std::vector<std::string>& given) -> std::optional<std::string> {
    if (given.front() != "true" && given.front() != "false") return "must be true or false";
    member(config) = given.front() == "true";
    return std::nullopt;
  };
  out.get = [member](const Config& config) {
    Config copy = config;
    return std::string(member(copy) ? "true" : "false");
  };
  return out;
}

/// Says who may come in or how they are spoken to. Given and empty, it is a variable that somebody forgot to fill (`${TOKENS}` in a
/// container's environment), and would open the door in silence.
Setting never_empty(Setting setting) {
  setting.set = [set = std::move(setting.set)](Config& config, const std::vector<std::string>& given) -> std::optional<std::string> {
    if (given.empty() || std::ranges::any_of(given, &std::string::empty)) return "is given and empty; leave it out where it is not wanted";
    return set(config, given);
  };
  setting.is_never_empty = true;
  return setting;
}

/// What is in it is nobody's business.
Setting hidden(Setting setting) {
  setting.is_hidden = true;
  return setting;
}

Setting with_alias(Setting setting, std::string alias) {
  setting.alias = std::move(alias);
  return setting;
}

#define ESCROW_MEMBER(member) [](Config& config) -> auto& { return config.member; }

std::vector<Setting> make_settings() {
  return {
      text("listen", "HOST:PORT", ESCROW_MEMBER(listen), "Where to listen. Port 0 takes a free one; an IPv6 address stands in brackets."),
      list("server.hosts", "names, addresses", ESCROW_MEMBER(hosts),
           "What `Host` may name besides the loopback names and the host of `listen`. Empty: a loopback listener knows only those, others "
           "answer "
           "to any."),
      with_alias(text("store.location", "sqlite:PATH, sqlite::memory:", ESCROW_MEMBER(store_location),
                      "Where the log is. In memory nothing survives the process."),
                 "store"),
      log_level(),
      flag("core_dumps", ESCROW_MEMBER(core_dumps),
           "Permits core dumps and debuggers: they show payloads and secrets, which is why they are off."),
      text("node", "a name", ESCROW_MEMBER(node), "How this coordinator calls itself in `GET /v1/info`. Empty: the name of the machine."),
      integer("limits.body_bytes", {1'024, std::int64_t{1} << 30U}, ESCROW_MEMBER(http.body_bytes),
              "The largest body of a request; larger ones get 413."),
      integer("limits.header_bytes", {1'024, std::int64_t{1} << 24U}, ESCROW_MEMBER(http.header_bytes),
              "The largest header of a request; larger ones get 431."),
      integer("limits.connections", count, ESCROW_MEMBER(http.connections), "Connections of clients at once; further ones get 503."),
      integer(
          "limits.unknown_connections", {0, many}, ESCROW_MEMBER(http.unknown_connections),
          "Of these, such whose client has shown no valid token or certificate yet. For a further one the oldest of the address that has "
          "most is closed, and so it is where there are no more connections at all. 0, or where nobody is asked: no difference is made."),
      integer("limits.receiving_bytes", {65'536, std::int64_t{1} << 40U}, ESCROW_MEMBER(http.receiving_bytes),
              "Bytes of requests in memory at once, without the first 8 KiB of each; one that is larger and finds no room gets 503."),
      integer("limits.tls_handshakes_per_s", {1, 1'000'000}, ESCROW_MEMBER(http.handshakes_per_s),
              "TLS handshakes begun in a second; further ones wait, and addresses take turns."),
      integer("limits.header_timeout_ms", duration, ESCROW_MEMBER(http.header_timeout), "Time for the header of a request to arrive."),
      integer("limits.body_timeout_ms", duration, ESCROW_MEMBER(http.body_timeout),
              "Time for the body of a request to arrive, and for an answer to be taken."),
      integer("limits.idle_timeout_ms", duration, ESCROW_MEMBER(http.idle_timeout),
              "Time without a request after which a connection is closed."),
      integer("limits.branches", {1, 100'000}, ESCROW_MEMBER(engine.branches), "Branches of one transaction."),
      integer("limits.unfinished_transactions", count, ESCROW_MEMBER(engine.unfinished_transactions),
              "Unfinished transactions; past it new ones get 503."),
      integer("limits.calls_per_destination", {1, 100'000}, ESCROW_MEMBER(engine.calls_per_destination),
              "Calls open to one scheme, host and port at once; further ones wait."),
      integer("limits.stream_clients", {1, 100'000}, ESCROW_MEMBER(stream.clients),
              "Readers of the event stream at once; further ones get 503."),
      integer("limits.stream_events", {2, many}, ESCROW_MEMBER(stream.ring.events),
              "Latest events kept in memory for readers of the event stream; one that falls farther behind is cut off."),
      integer("limits.stream_bytes", {1'024, std::int64_t{1} << 30U}, ESCROW_MEMBER(stream.ring.bytes), "The same in bytes."),
      integer("limits.stream_heartbeat_ms", {100, 30'000}, ESCROW_MEMBER(stream.heartbeat),
              "Time without an event after which a reader of the event stream is sent a comment."),
      integer(
          "limits.principal_rate_per_s", {0, many}, ESCROW_MEMBER(auth.limits.rate_per_s),
          "Requests a second of one principal that start or look, past which it gets 503. 0: no limit. An entry of the tokens file may say "
          "otherwise."),
      integer("limits.principal_burst", {0, many}, ESCROW_MEMBER(auth.limits.burst),
              "Such requests at once after a silence. 0: as many as in two seconds."),
      integer("limits.principal_unfinished_transactions", {0, many}, ESCROW_MEMBER(auth.limits.unfinished_transactions),
              "Unfinished transactions of one principal, started since the coordinator's start. 0: no limit."),
      integer("limits.principal_stream_clients", {0, many}, ESCROW_MEMBER(auth.limits.stream_clients),
              "Readers of the event stream of one principal at once. 0: no limit."),
      integer("retention_ms", long_duration, ESCROW_MEMBER(retention),
              "How long a terminal transaction is kept. Unfinished ones are kept for ever."),
      integer("tombstone_ms", long_duration, ESCROW_MEMBER(tombstone), "How long the gid of a removed transaction can't be used again."),
      integer("shutdown_grace_ms", {0, 3'600'000}, ESCROW_MEMBER(shutdown_grace), "Time for calls in flight to end at a shutdown."),
      integer("store.lazy_flush_ms", {0, 60'000}, ESCROW_MEMBER(engine.lazy_flush),
              "The longest time for which a write that nothing depends on waits for company."),
      integer("store.queue_writes", count, ESCROW_MEMBER(store.queue_writes), "Writes that may wait; past it new work gets 503."),
      integer("store.batch_writes", {1, 100'000}, ESCROW_MEMBER(store.batch_writes), "Writes in one commit at most."),
      integer("store.queue_reads", count, ESCROW_MEMBER(store.queue_reads), "Reads that may wait; past it lists and searches get 503."),
      integer("calls.breaker_failures", count, ESCROW_MEMBER(engine.breaker_failures),
              "Failures in a row after which a destination is given a pause."),
      integer("calls.breaker_pause_ms", duration, ESCROW_MEMBER(engine.breaker_pause), "The longest such pause."),
      integer("calls.idle_per_destination", {0, 100'000}, ESCROW_MEMBER(calls.idle_per_destination),
              "Unused connections kept open to one destination."),
      integer("calls.idle_total", {0, many}, ESCROW_MEMBER(calls.idle_total), "Unused connections kept open to all destinations together."),
      integer("calls.idle_timeout_ms", duration, ESCROW_MEMBER(calls.idle_timeout),
              "Time after which an unused connection to a participant is closed."),
      integer("engine.keep_idle_ms", duration, ESCROW_MEMBER(engine.keep_idle),
              "Time after which a transaction that only waits leaves memory."),
      integer("engine.lookahead_ms", duration, ESCROW_MEMBER(engine.lookahead),
              "How long before it is due a transaction is read from the log."),
      integer("engine.due_page", {1, 100'000}, ESCROW_MEMBER(engine.due_page), "Transactions read from the log at once."),
      integer("engine.resident_transactions", count, ESCROW_MEMBER(engine.resident_transactions),
              "Transactions in memory past which no further ones are read ahead."),
      list("secrets.payload_members", "member names, JSON pointers", ESCROW_MEMBER(payload_members),
           "Members of payloads and outputs that only the role `admin` sees, such as `card_number` (wherever it stands) or "
           "`/customer/phone`, `/items/*/pin`."),
      list("targets.allow", "hosts, addresses, networks", ESCROW_MEMBER(targets_allow),
           "Where participants may be, such as `pay.example.com`, `*.example.com`, `10.0.0.0/8`. Empty: everywhere but link-local and "
           "metadata addresses."),
      list("targets.deny", "hosts, addresses, networks", ESCROW_MEMBER(targets_deny), "Where they must not be; beats `targets.allow`."),
      text("targets.credentials_file", "a YAML file", ESCROW_MEMBER(targets_credentials_file),
           "Authorities, our certificates and signing secrets of single targets: a list, of which the first entry whose `match` names host "
           "and "
           "port of a call counts."),
      text("targets.ca_file", "a PEM file", ESCROW_MEMBER(targets_tls.ca_file),
           "Authorities trusted for `https` participants besides the system's."),
      text("targets.certificate_file", "a PEM file", ESCROW_MEMBER(targets_tls.certificate_file),
           "The certificate chain shown to participants that ask for one."),
      text("targets.key_file", "a PEM file", ESCROW_MEMBER(targets_tls.key_file), "The key of that certificate."),
      never_empty(text("tls.certificate_file", "a PEM file", ESCROW_MEMBER(tls.certificate_file),
                       "The certificate chain of the coordinator itself. With it, it speaks https instead of http.")),
      never_empty(text("tls.key_file", "a PEM file", ESCROW_MEMBER(tls.key_file), "The key of that certificate.")),
      never_empty(text("tls.client_ca_file", "a PEM file", ESCROW_MEMBER(tls.client_ca_file),
                       "Authorities of clients. With it, clients are asked for a certificate; one of another authority is turned away.")),
      flag("tls.require_client_certificate", ESCROW_MEMBER(tls.require_client_certificate), "Turns clients away that show no certificate."),
      never_empty(
          text("auth.tokens_file", "a YAML file", ESCROW_MEMBER(auth.tokens_file),
               "Who may come in: names, roles and hashes of tokens ([docs/security.md](security.md)). Without it nobody is asked.")),
      hidden(never_empty(list("auth.tokens", "NAME:ROLE:sha256:HEX", ESCROW_MEMBER(auth.tokens), "The same without a file, for a few."))),
      flag("auth.insecure", ESCROW_MEMBER(auth.insecure), "Allows to listen on more than loopback although nobody is asked for a token."),
      flag("auth.open_metrics", ESCROW_MEMBER(auth.open_metrics),
           "Answers `/metrics` without a token, too; it names destinations and counts transactions."),
      integer("auth.reload_ms", {100, 3'600'000}, ESCROW_MEMBER(auth.reload),
              "How often files of tokens, certificates and secrets are looked at; SIGHUP reads them at once."),
  };
}

#undef ESCROW_MEMBER

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = make_settings();
  return table;
}

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : settings()) {
    if (setting.key == key || (!setting.alias.empty() && setting.alias == key)) return &setting;
  }
  return nullptr;
}

std::string environment_name(std::string_view key) {
  std::string out = "ESCROW_";
  for (const char c : key) out.push_back(c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return out;
}

std::string without_password(const std::string& value) {
  std::string out = value;
  const std::size_t scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  for (const std::string_view name : {"?password=", "&password="}) {
    const std::size_t found = out.find(name, scheme);
    if (found == std::string::npos) continue;
    const std::size_t begin = found + name.size();
    out.replace(begin, std::min(out.find('&', begin), out.size()) - begin, "***");
  }
  // What stands before the last '@' of the authority; a path may hold one, too.
  const std::size_t begin = scheme + 3;
  const std::size_t end = std::min(out.find_first_of("/?", begin), out.size());
  const std::size_t at = std::string_view(out).substr(0, end).rfind('@');
  const std::size_t colon = out.find(':', begin);
  if (at != std::string::npos && at >= begin && colon < at) out.replace(colon + 1, at - colon - 1, "***");
  return out;
}

std::string settings_json(const Config& config) {
  const Config defaults;
  std::string out = "[";
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(config);
    out.append(out.size() > 1 ? "," : "").append("{\"key\":");
    protocol::append_json_string(out, setting.key);
    out.append(",\"value\":");
    protocol::append_json_string(out, setting.is_hidden && value != setting.get(defaults) ? "***" : without_password(value));
    out.append(value == setting.get(defaults) ? ",\"is_default\":true}" : ",\"is_default\":false}");
  }
  return out + "]";
}

std::string settings_document() {
  std::string out =
      "# Settings of escrowd\n\n"
      "The file given with `--config` is YAML; sections are maps (`limits:` with `body_bytes:` below it), and the dotted form of a key "
      "works, too.\n"
      "A setting `limits.body_bytes` is `ESCROW_LIMITS_BODY_BYTES` in the environment, where lists are separated by commas. Flags beat "
      "the\n"
      "environment, which beats the file. An unknown key is an error. `--check-config` says what is wrong without starting anything.\n\n"
      "Durations are in milliseconds. This page is written from the table in `coordinator/server/settings_table.cpp`; a test compares "
      "them.\n\n"
      "| setting | default | values | what it is |\n| --- | --- | --- | --- |\n";
  const Config defaults;
  for (const Setting& setting : settings()) {
    const std::string value = setting.get(defaults);
    const std::string name =
        setting.alias.empty() ? fmt::format("`{}`", setting.key) : fmt::format("`{}`, short `{}`", setting.key, setting.alias);
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} |\n", name, value.empty() ? std::string("empty") : "`" + value + "`",
                   setting.values, setting.help);
  }
  return out;
}

}  // namespace escrow::server
