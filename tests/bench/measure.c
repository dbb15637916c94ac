// SPDX-License-Identifier: MIT
/*
 * Times whole processes, from before posix_spawn(3) until wait4(2) returns: what a caller waits
 * for.
 *
 * Usage: measure PORT ROUNDS [BUDGET_MS] <commands. A line of the input is a command, its words
 * separated by tabs; the first word says whether somebody shall listen on PORT meanwhile ("held",
 * by this process) or nobody ("free"), the second where its output goes ("null", or "pipe", which
 * is read to its end). Each round runs every command once, in an order of its own, so that a slow
 * moment of the machine and what the command before left in the caches fall on all of them. A round
 * before the first is not counted; from it is known what a command costs, and with a budget each
 * takes part in just as many rounds as fit into it, spread over all, three at least. One that needs
 * the whole budget for a single run is not run again: then the first one counts. Prints a line for
 * each command: its last exit status, its peak memory in KiB, then nanoseconds, one number for each
 * time that it ran, separated by tabs. What the numbers mean is left to bench.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_COMMANDS = 64,
	MAX_WORDS = 16,
	MAX_ROUNDS = 100000,
	DECIMAL = 10,
	BACKLOG = 16,
	ROUNDS_LEAST = 3,
	MAX_BUDGET_MS = 3600000,
	PIPE_BYTES = 1 << 16,
};

struct command {
	int64_t *times_ns;
	size_t count; /* of the times */
	size_t rounds; /* in which it takes part */
	long peak_kib;
	char *words[MAX_WORDS + 1];
	int status;
	bool held;
	bool piped;
};

extern char **environ;

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, BACKLOG))
		give_up("measure: cannot listen");
	return fd;
}

/* The output of a command is read by a process that does nothing else, as `| cat >/dev/null` does.
 */
static void read_to_the_end(int fd)
{
	static char bytes[PIPE_BYTES];
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR))
		;
}

static void run(struct command *command, int64_t *ret_time_ns)
{
	posix_spawn_file_actions_t actions;
	struct rusage used;
	int ends[2] = {-1, -1};
	pid_t pid;

	if (command->piped && pipe2(ends, O_CLOEXEC))
		give_up("measure: pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (command->piped)
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);

	int64_t start_ns = now_ns();
	errno = posix_spawn(&pid, command->words[0], &actions, NULL, command->words, environ);
	if (errno)
		give_up(command->words[0]);
	if (command->piped) {
		close(ends[1]);
		read_to_the_end(ends[0]);
	}
	if (wait4(pid, &command->status, 0, &used) != pid)
		give_up("measure: wait4");
	*ret_time_ns = now_ns() - start_ns;
	if (command->peak_kib < used.ru_maxrss)
		command->peak_kib = used.ru_maxrss;

	if (command->piped)
		close(ends[0]);
	posix_spawn_file_actions_destroy(&actions);
}

static void run_in_its_world(struct command *command, uint16_t port)
{
	int listener = command->held ? listen_on(port) : -1;

	run(command, &command->times_ns[command->count++]);
	if (listener >= 0)
		close(listener);
}

/* False: the line is no command. */
static bool parse(char *line, size_t rounds, struct command *ret_command)
{
	char *rest = line;
	const char *world = strsep(&rest, "\t\n");
	const char *output = strsep(&rest, "\t\n");
	size_t count = 0;

	for (char *word = strsep(&rest, "\t\n"); word && *word && count < MAX_WORDS;
		word = strsep(&rest, "\t\n"))
		ret_command->words[count++] = word;
	if (!output || !count)
		return false;
	ret_command->held = !strcmp(world, "held");
	ret_command->piped = !strcmp(output, "pipe");
	ret_command->times_ns = calloc(rounds, sizeof(*ret_command->times_ns));
	return ret_command->times_ns;
}

static size_t read_commands(size_t rounds, struct command commands[MAX_COMMANDS])
{
	size_t count = 0;
	char *line = NULL;
	size_t size = 0;

	while (count < MAX_COMMANDS && getline(&line, &size, stdin) > 0) {
		if (!parse(line, rounds, &commands[count])) {
			fputs("measure: a line is no command\n", stderr);
			exit(EXIT_FAILURE);
		}
		count++;
		line = NULL; /* the words of the command stay in it */
		size = 0;
	}
	free(line);
	return count;
}

/* Fisher and Yates' shuffle with Marsaglia's xorshift32: the same orders in every run. */
static void shuffle(size_t *order, size_t count)
{
	static uint32_t state = 2463534242;

	for (size_t i = count; i-- > 1;) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		size_t other = state % (i + 1);
		size_t kept = order[i];
		order[i] = order[other];
		order[other] = kept;
	}
}

static void print(const struct command *command)
{
	printf("%d\t%ld", WIFEXITED(command->status) ? WEXITSTATUS(command->status) : -1,
		command->peak_kib);
	for (size_t i = 0; i < command->count; i++)
		printf("\t%lld", (long long)command->times_ns[i]);
	putchar('\n');
}

/* How many rounds a command gets whose first run took so long; 0: that one was enough. */
static size_t affordable(int64_t first_ns, size_t rounds, int64_t budget_ns)
{
	if (!budget_ns)
		return rounds;
	if (first_ns >= budget_ns)
		return 0;
	size_t fit = (size_t)(budget_ns / (first_ns ? first_ns : 1));
	if (fit < ROUNDS_LEAST)
		fit = ROUNDS_LEAST;
	return fit < rounds ? fit : rounds;
}

/* Whether the command is among those of this round, when its own are spread over all. */
static bool takes_part(const struct command *command, size_t round, size_t rounds)
{
	return (round + 1) * command->rounds / rounds > round * command->rounds / rounds;
}

static void run_all(struct command *commands, size_t count, uint16_t port, size_t rounds)
{
	size_t order[MAX_COMMANDS];

	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t round = 0; round < rounds; round++) {
		shuffle(order, count);
		for (size_t i = 0; i < count; i++) {
			struct command *command = &commands[order[i]];

			if (takes_part(command, round, rounds))
				run_in_its_world(command, port);
		}
	}
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	bool sound = argc == 3 || argc == 4;
	unsigned long port = sound ? strtoul(argv[1], NULL, DECIMAL) : 0;
	unsigned long rounds = sound ? strtoul(argv[2], NULL, DECIMAL) : 0;
	unsigned long budget_ms = argc == 4 ? strtoul(argv[3], NULL, DECIMAL) : 0;

	if (!port || port > UINT16_MAX || !rounds || rounds > MAX_ROUNDS ||
		budget_ms > MAX_BUDGET_MS || (argc == 4 && !budget_ms)) {
		fputs("usage: measure PORT ROUNDS [BUDGET_MS] <commands\n", stderr);
		return EXIT_FAILURE;
	}
	size_t count = read_commands(rounds, commands);
	for (size_t i = 0; i < count; i++) {
		struct command *command = &commands[i];

		run_in_its_world(command, (uint16_t)port);
		command->rounds =
			affordable(command->times_ns[0], rounds, (int64_t)budget_ms * 1000000);
		command->count = command->rounds ? 0 : 1;
	}
	run_all(commands, count, (uint16_t)port, rounds);
	for (size_t i = 0; i < count; i++)
		print(&commands[i]);
	return EXIT_SUCCESS;
}
