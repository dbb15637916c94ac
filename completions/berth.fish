# SPDX-License-Identifier: MIT
# fish completion for berth(1). berth itself knows its words; see berth-completion(1).

function __berth_command
    set -l value
    for word in (commandline -opc)[2..-1]
        if set -q value[1]
            set -e value
            continue
        end
        string match -qr -- '^--(replay|registry|color)$' $word; and set value follows
        string match -q -- '-*' $word; and continue
        berth completion words $word >/dev/null 2>&1; and echo $word
        return
    end
end

function __berth_words
    berth completion words (__berth_command) 2>/dev/null
end

function __berth_ports
    contains -- (__berth_command) '' port ls answers check wait kill page why watch history blame reserve unreserve; or test -z (__berth_command)
    and berth ls --no-headings -o PORT,PROCESS -q 2>/dev/null | string trim | string replace -r ' +' \t | sort -nu
end

complete -c berth -f -a '(__berth_words)'
complete -c berth -f -a '(__berth_ports)'
complete -c berth -n 'contains -- (__berth_command) registry record site check' -F
complete -c berth -l replay -r -F
complete -c berth -l registry -r -F
complete -c berth -l unix -r -F
complete -c berth -l token -r -F
complete -c berth -l color -x -a 'auto always never'
