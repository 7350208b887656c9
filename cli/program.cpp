#include "cli/program.hpp"

#include <sys/stat.h>

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "protocol/utf8.hpp"

namespace escrow::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

struct CommonOptions {
  std::string server;
  std::string token = environment("ESCROW_TOKEN");
  std::string token_file = environment("ESCROW_TOKEN_FILE");
  std::string actor = environment("ESCROW_ACTOR");
  std::string ca_file = environment("ESCROW_CA_FILE");
  std::string certificate_file = environment("ESCROW_CERTIFICATE_FILE");
  std::string key_file = environment("ESCROW_KEY_FILE");
  std::string output = "table";
  std::string colour = "auto";
  std::size_t width = 0;
  std::int64_t timeout_ms = 10'000;
  bool yes = false;
};

/// The first that is said: the flag, ESCROW_SERVER, the SDK's ESCROW_URL, the default.
std::string server_of(const CommonOptions& common) {
  for (std::string text : {common.server, environment("ESCROW_SERVER"), environment("ESCROW_URL")}) {
    text = text.substr(0, text.find(','));
    if (!text.empty()) return text.find("://") == std::string::npos ? "http://" + text : text;
  }
  return "http://127.0.0.1:7400";
}

/// Whose hand it is, when nobody says so.
std::string actor_of(const CommonOptions& common) {
  for (const std::string& name : {common.actor, environment("USER"), environment("LOGNAME")}) {
    if (!name.empty()) return name;
  }
  return "";
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = protocol::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// The first line of a file that is nobody else's business; ssh asks the same of its keys.
Outcome<std::string> token_in(const std::string& path) {
  const auto unusable = [&path](std::string why, std::string advice) {
    return Failure{ExitStatus::usage, path + " can't be used for the token: " + std::move(why), std::move(advice)};
  };
  struct stat seen{};
  std::ifstream file(path);
  std::string line;
  if (!file || ::stat(path.c_str(), &seen) != 0)
    return unusable("it can't be read", "--token-file, or ESCROW_TOKEN_FILE, names a file with the token.");
  if (S_ISREG(seen.st_mode) && (seen.st_mode & 077U) != 0) return unusable("others can read it", "chmod 600 " + path);
  std::getline(file, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.empty()) return unusable("its first line is empty", "");
  return line;
}

using Command = std::function<ExitStatus(Session&)>;

class Program {
 public:
  Program();
  int run(int argc, const char* const* argv);

 private:
  void add_looking(CLI::App& transactions);
  void add_acting(CLI::App& transactions);
  void add_rest();
  void add_filters(CLI::App& command, FilterOptions& filter);
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& help, Command command);
  ExitStatus run_command();

  CLI::App app_{"Looks into an Escrow coordinator and steers it.", "escrowctl"};
  CommonOptions common_;
  ListOptions list_;
  ShowOptions show_;
  WatchOptions watch_;
  StartOptions start_;
  DecideOptions abort_;
  DecideOptions commit_;
  RetryOptions retry_;
  ResolveOptions resolve_;
  std::string events_gid_;
  ListOptions attention_;
  bool with_settings_ = false;
  std::string dialect_;
  std::string shell_;
  Command chosen_;
  /// Commands that need no coordinator.
  std::function<ExitStatus()> offline_;
};

Program::Program() {
  app_.set_version_flag("--version", std::string("escrowctl ") + ESCROW_VERSION);
  app_.add_option("--server", common_.server, "http(s)://HOST:PORT of the coordinator [ESCROW_SERVER, http://127.0.0.1:7400]");
  app_.add_option("--token", common_.token, "sent as bearer token; better in ESCROW_TOKEN, where no list of processes shows it");
  app_.add_option("--token-file", common_.token_file, "a file with the token, for its owner alone [ESCROW_TOKEN_FILE]");
  app_.add_option("--actor", common_.actor, "whose hand it is, for the history [ESCROW_ACTOR, the user's name]");
  app_.add_option("--ca-file", common_.ca_file, "authorities for https instead of the system's [ESCROW_CA_FILE]");
  app_.add_option("--certificate-file", common_.certificate_file, "certificate shown to a coordinator that asks [ESCROW_CERTIFICATE_FILE]");
  app_.add_option("--key-file", common_.key_file, "key of that certificate [ESCROW_KEY_FILE]");
  app_.add_option("--output,-o", common_.output, "table for people, json for programs")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app_.add_option("--color", common_.colour, "when to use colour; NO_COLOR forbids it always")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app_.add_option("--width", common_.width, "columns to use [those of the terminal]")->check(CLI::Range(40, 1'000));
  app_.add_option("--timeout-ms", common_.timeout_ms, "how long to wait for an answer")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  app_.add_flag("--yes,-y", common_.yes, "do it without asking");
  app_.require_subcommand(1);
  app_.fallthrough();

  CLI::App& transactions = *app_.add_subcommand("transactions", "look at transactions and act on them");
  transactions.alias("tx");
  transactions.require_subcommand(1);
  transactions.fallthrough();
  add_looking(transactions);
  add_acting(transactions);
  add_rest();
}

CLI::App& Program::add(CLI::App& parent, const std::string& name, const std::string& help, Command command) {
  CLI::App& added = *parent.add_subcommand(name, help);
  added.fallthrough();
  added.callback([this, command = std::move(command)] { chosen_ = command; });
  return added;
}

void Program::add_filters(CLI::App& command, FilterOptions& filter) {
  command.add_option("--status", filter.status, "active, committing, aborting, committed or aborted; more than once: any of them")
      ->check(CLI::IsMember({"active", "committing", "aborting", "committed", "aborted"}))
      ->allow_extra_args(false);
  command.add_option("--mode", filter.mode, "saga, tcc, message or mixed")->check(CLI::IsMember({"saga", "tcc", "message", "mixed"}));
  command.add_option("--name", filter.name, "what the initiator calls it");
  command.add_flag("--attention", filter.attention, "only what needs a person");
  command.add_option("--attribute", filter.attributes, "KEY=VALUE; more than once: all of them")->allow_extra_args(false);
  command.add_option("--started-after", filter.started_after, "a time such as 2026-01-05T10:00:00Z");
  command.add_option("--started-before", filter.started_before, "the same");
}

void Program::add_looking(CLI::App& transactions) {
  CLI::App& list =
      add(transactions, "list", "newest first, page by page", [this](Session& session) { return list_transactions(session, list_); });
  add_filters(list, list_.filter);
  list.add_option("--sort", list_.sort, "newest or oldest first")->check(CLI::IsMember({"newest", "oldest"}))->capture_default_str();
  list.add_option("--limit", list_.limit, "transactions of a page")->check(CLI::Range(1, 500))->capture_default_str();
  list.add_option("--cursor", list_.cursor, "the place that the page before named");
  list.add_flag("--all", list_.all, "every page");

  CLI::App& show = add(transactions, "show", "one transaction: why it is where it is, what comes next, the timeline",
                       [this](Session& session) { return show_transaction(session, show_); });
  show.add_option("gid", show_.gid, "which transaction")->required();
  show.add_flag("--history", show_.with_history, "with all events");
  show.add_flag("--payloads", show_.with_payloads, "with what is sent and what is answered");

  CLI::App& watching = add(transactions, "watch", "follow one transaction to its end, or everything, as it happens",
                           [this](Session& session) { return watch(session, watch_); });
  watching.add_option("gid", watch_.gid, "which transaction; none: all");
  watching.add_option("--type", watch_.types, "only events of this type; may stand more than once")->allow_extra_args(false);
  watching.add_option("--after", watch_.after, "begin behind this seq instead of now");

  CLI::App& events = add(transactions, "events", "the history of one transaction",
                         [this](Session& session) { return show_history(session, events_gid_); });
  events.add_option("gid", events_gid_, "which transaction")->required();
}

void Program::add_acting(CLI::App& transactions) {
  const auto waiting = [](CLI::App& command, std::int64_t& wait_ms) {
    command.add_option("--wait-ms", wait_ms, "wait so long for the end; the exit status then says how it ended")
        ->check(CLI::Range(0, 60'000));
  };
  CLI::App& start = add(transactions, "start", "start a transaction from its JSON",
                        [this](Session& session) { return start_transaction(session, start_); });
  start.add_option("file", start_.file, "the request as docs/protocol.md has it; - for standard input")->required();
  waiting(start, start_.wait_ms);

  for (const auto& [name, help, options] : {std::tuple("abort", "undo it, as long as that is possible", &abort_),
                                            std::tuple("commit", "commit an interactive transaction", &commit_)}) {
    const bool aborts = options == &abort_;
    CLI::App& decide = add(transactions, name, help, [this, aborts](Session& session) {
      return aborts ? abort_transaction(session, abort_) : commit_transaction(session, commit_);
    });
    decide.add_option("gid", options->gid, "which transaction")->required();
    decide.add_option("--reason", options->reason, "why; kept in the history");
    waiting(decide, options->wait_ms);
  }

  CLI::App& retry = add(transactions, "retry", "call what backs off now: of these transactions, or of all that match",
                        [this](Session& session) { return retry_transactions(session, retry_); });
  retry.add_option("gid", retry_.gids, "which transactions");
  add_filters(retry, retry_.filter);
  retry.add_option("--destination", retry_.destination, "only transactions that call scheme://host:port now");
  retry.add_option("--reason", retry_.reason, "why; kept in the history");
  retry.add_flag("--dry-run", retry_.dry_run, "only say how many match");

  CLI::App& resolve = add(transactions, "resolve", "settle an operation by hand",
                          [this](Session& session) { return resolve_operation(session, resolve_); });
  resolve.add_option("gid", resolve_.gid, "which transaction")->required();
  resolve.add_option("--branch", resolve_.branch, "which branch; none: the check of a two-phase message");
  resolve.add_option("--operation", resolve_.operation, "which operation of it");
  resolve.add_option("--outcome", resolve_.outcome, "succeeded or refused; of a check committed or aborted")
      ->required()
      ->check(CLI::IsMember({"succeeded", "refused", "committed", "aborted"}));
  resolve.add_option("--reason", resolve_.reason, "why; required, and kept in the history");
}

void Program::add_rest() {
  CLI::App& attention = add(app_, "attention", "what needs a person, oldest first, and why",
                            [this](Session& session) { return show_attention(session, attention_); });
  attention.add_option("--limit", attention_.limit, "how many")->check(CLI::Range(1, 500))->capture_default_str();
  attention.add_option("--cursor", attention_.cursor, "the place that the page before named");
  attention.add_flag("--all", attention_.all, "every page");
  add(app_, "destinations", "who is called, how fast they answer, and who is given a pause",
      [](Session& session) { return show_destinations(session); });
  CLI::App& info =
      add(app_, "info", "the coordinator and how it goes", [this](Session& session) { return show_info(session, with_settings_); });
  info.add_flag("--settings", with_settings_, "with all settings in force");

  CLI::App& schema = *app_.add_subcommand("barrier-schema", "the SQL that a participant's database needs");
  schema.add_option("dialect", dialect_, "sqlite, postgres or mysql")->required()->check(CLI::IsMember({"sqlite", "postgres", "mysql"}));
  schema.callback([this] { offline_ = [this] { return print_barrier_schema(dialect_); }; });
  CLI::App& completion = *app_.add_subcommand("completion", "a completion script for a shell");
  completion.add_option("shell", shell_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion.callback([this] {
    offline_ = [this] {
      print(completion_script(shell_, completion_words(app_)));
      return ExitStatus::done;
    };
  });
}

ExitStatus Program::run_command() {
  if (offline_) return offline_();
  ServerAddress address;
  address.url = server_of(common_);
  address.token = common_.token;
  if (address.token.empty() && !common_.token_file.empty()) {
    auto token = token_in(common_.token_file);
    if (!token) return tell(token.error());
    address.token = *std::move(token);
  }
  address.actor = actor_of(common_);
  address.ca_file = common_.ca_file;
  address.certificate_file = common_.certificate_file;
  address.key_file = common_.key_file;
  address.timeout = std::chrono::milliseconds(common_.timeout_ms);
  CoordinatorApi api(std::move(address));
  const ColourChoice colour = common_.colour == "always"  ? ColourChoice::always
                              : common_.colour == "never" ? ColourChoice::never
                                                          : ColourChoice::automatic;
  Session session{api, look_of_stdout(common_.width, colour), common_.output == "json", common_.yes};
  return chosen_(session);
}

int Program::run(int argc, const char* const* argv) {
  // A reader that goes away is an error like any other.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? static_cast<int>(ExitStatus::done) : static_cast<int>(ExitStatus::usage);
  }
  for (const std::string* reason : {&abort_.reason, &commit_.reason, &retry_.reason, &resolve_.reason}) {
    if (!is_utf8(*reason)) return static_cast<int>(tell({ExitStatus::usage, "--reason is no UTF-8", "Is the terminal's encoding right?"}));
  }
  try {
    return static_cast<int>(output_status(run_command()));
  } catch (const std::exception& error) {
    return static_cast<int>(tell({ExitStatus::refused, error.what()}));
  }
}

}  // namespace

int run_program(int argc, const char* const* argv) { return Program().run(argc, argv); }

}  // namespace escrow::cli
