#include "cli/program.hpp"

int main(int argc, char** argv) { return escrow::cli::run_program(argc, argv); }
