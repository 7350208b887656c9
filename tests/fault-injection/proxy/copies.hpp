#pragma once

#include <memory>
#include <string>

#include "tests/fault-injection/proxy/call.hpp"
#include "tests/fault-injection/proxy/rulebook.hpp"
#include "tests/fault-injection/proxy/wire.hpp"

/// What goes on behind an exchange's back: copies of its request, and other sides that are left to finish.
namespace escrow::proxy {

class Station;

/// Sends the copies that the rule asks for, each on a connection of its own; what is answered to them is written down and dropped.
void send_copies(Station& station, boost::asio::ip::tcp::endpoint to, std::shared_ptr<const Call> call, std::string message,
                 const Chosen& chosen);

/// Reads what is still answered to a request whose client is gone, writes it down and drops it.
void let_finish(Station& station, Socket socket, std::shared_ptr<const Call> call);

}  // namespace escrow::proxy
