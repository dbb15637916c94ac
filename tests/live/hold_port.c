// SPDX-License-Identifier: MIT
/* Listens on a TCP port of every IPv4 address until it is killed: all that a container needs. With
 * a second argument not before that file is there. Linked statically, so that it is a root file
 * system by itself. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	const int ten = 10;
	int server = socket(AF_INET, SOCK_STREAM, 0);

	if (argc < 2 || argc > 3 || server < 0)
		return 2;
	while (argc == 3 && access(argv[2], F_OK) < 0)
		usleep(10000);
	address.sin_port = htons((in_port_t)strtoul(argv[1], NULL, ten));
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(server, 1) < 0)
		return 1;
	for (;;)
		pause();
}
