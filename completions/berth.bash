# SPDX-License-Identifier: MIT
# bash completion for berth(1). berth itself knows its words; see berth-completion(1).

_berth_words()
{
	berth completion words "$@" 2>/dev/null | cut -f1
}

_berth_ports()
{
	berth ls --no-headings -o PORT -q 2>/dev/null | sort -nu
}

_berth()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command= value= word words=

	# Readline makes three words of --color=never.
	[[ $current == = ]] && current=
	[[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == = ]] && continue
		if [[ $value ]]; then
			value=
			continue
		fi
		[[ $word == --@(replay|registry|color) ]] && value=follows
		[[ $word == -* ]] && continue
		berth completion words "$word" >/dev/null 2>&1 && command=$word
		break
	done

	COMPREPLY=()
	case $previous in
	--replay)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--registry | --unix | --token | import | diff)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
		return
		;;
	esac

	case $command in
	'')
		words="$(_berth_words) $(_berth_ports)"
		;;
	port | ls | answers | wait | kill | page | why | watch | history | blame | reserve | unreserve)
		words="$(_berth_words "$command") $(_berth_ports)"
		;;
	check)
		words="$(_berth_words "$command") $(_berth_ports)"
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		;;
	record | site)
		words=$(_berth_words "$command")
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		;;
	*)
		words=$(_berth_words "$command")
		;;
	esac
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _berth berth
