#pragma once

#include <cstdint>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <escrow/call_verifier.hpp>
#include <escrow/cleaner.hpp>
#include <escrow/client.hpp>
#include <escrow/client_options.hpp>
#include <escrow/participant_server.hpp>
#include <escrow/schema.hpp>
#include <escrow/sqlite/connections.hpp>
#include <escrow/sqlite/handlers.hpp>
#include <escrow/sqlite/statement.hpp>
#include <nlohmann/json.hpp>

/// What the three services share: flags, a database with the barrier's table and a journal, and the way they run.
namespace example {

/// `--name value` pairs.
class Flags {
 public:
  Flags(int count, char** arguments) {
    for (int i = 1; i + 1 < count; i += 2) values_[arguments[i]] = arguments[i + 1];
  }
  [[nodiscard]] std::string get(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

/// The service's own SQLite file: its tables, the barrier's, and a journal of every change, written in the same local
/// transaction as the change itself. The demo's audit reads the journal.
inline escrow::sqlite::Connections open_database(const std::string& path, const std::string& tables) {
  escrow::sqlite::Connections database(path);
  const auto connection = database.lease();
  if (!connection) throw std::runtime_error(connection.error().detail);
  if (auto made = escrow::sqlite::create_barrier_schema(connection->get()); !made) throw std::runtime_error(made.error().detail);
  escrow::sqlite::execute(connection->get(), tables + R"(
    create table if not exists journal (
      id integer primary key, gid text not null, branch text not null, operation text not null,
      item text not null, delta integer not null, set_aside integer not null) strict;)");
  return database;
}

/// One line: what of `item` came or went, and what was set aside or taken from what was set aside.
inline void write_journal(sqlite3* db, const std::string& gid, const std::string& branch, std::string_view operation,
                          const std::string& item, std::int64_t delta, std::int64_t set_aside) {
  escrow::sqlite::Statement(db, "insert into journal (gid, branch, operation, item, delta, set_aside) values (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(gid, branch, operation, item, delta, set_aside)
      .run();
}

inline void write_journal(const escrow::sqlite::Call& call, const std::string& item, std::int64_t delta, std::int64_t set_aside) {
  write_journal(call.db(), call.branch().gid(), call.branch().id(), to_string(call.branch().operation()), item, delta, set_aside);
}

/// A payload that can't be understood will not be understood tomorrow either: that is a no, and not an exception.
inline escrow::sqlite::LocalHandler refusing_bad_payload(escrow::sqlite::LocalHandler handler) {
  return [handler = std::move(handler)](const escrow::sqlite::Call& call) {
    try {
      return handler(call);
    } catch (const nlohmann::json::exception& error) {
      return escrow::Outcome::refused(std::string("bad payload: ") + error.what());
    }
  };
}

/// Serves until SIGTERM, with a cleaner in the background that asks the coordinator which barrier rows may go.
inline int serve(const std::string& name, escrow::ParticipantServer& server, const escrow::sqlite::Connections& database,
                 const escrow::Client& client) {
  escrow::sqlite::Cleaner cleaner(database, escrow::ask_coordinator(client));
  const std::jthread cleaning([&cleaner](const std::stop_token& stop) { cleaner.run(stop); });
  const auto served = server.run([&name](const std::string& url) { std::cout << name << " listening on " << url << std::endl; });
  if (served) return 0;
  std::cerr << name << ": " << served.error().detail << "\n";
  return 1;
}

/// With `--secure FOLDER` (./dev demo --secure): https with a certificate of our own, for callers with one of the same authority, and calls
/// only where the coordinator or the shop has signed them. The folder holds ca.pem and NAME.pem, .key, .verify, .token.
inline escrow::ServerOptions listen_on(const Flags& flags, const std::string& name) {
  const auto address = flags.get("--listen", "127.0.0.1:0");
  const auto colon = address.rfind(':');
  auto options = escrow::ServerOptions().listen(address.substr(0, colon), static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  if (const auto folder = flags.get("--secure", ""); !folder.empty()) {
    const auto own = folder + "/" + name;
    options.tls(escrow::ServerTls(own + ".pem", own + ".key").client_ca_file(folder + "/ca.pem"));
    options.verify_calls(escrow::SignatureOptions().key_file(own + ".verify"));
  }
  return options;
}

/// How the coordinator is reached; with `--secure` with a token and a certificate.
inline escrow::ClientOptions client_options(const Flags& flags, const std::string& name) {
  auto options = escrow::ClientOptions();
  options.urls(flags.get("--escrow", "http://127.0.0.1:7400"));
  if (const auto folder = flags.get("--secure", ""); !folder.empty()) {
    const auto own = folder + "/" + name;
    options.token_file(own + ".token").ca_file(folder + "/ca.pem").certificate(own + ".pem", own + ".key");
  }
  return options;
}

}  // namespace example
