# Completion of factc for bash (3.2 and newer):  eval "$(factc completion bash)"

_factc() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() i word

    # bash parts words at = and : as well; what no blank parts is put together again.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i == 0 || $rest == [[:blank:]]* ]]; then
            rest=${rest#"${rest%%[![:blank:]]*}"}
            words+=("")
        fi
        if [[ $i == "$COMP_CWORD" ]]; then word=$rest; fi
        words[${#words[@]} - 1]+=$word
        rest=${rest#"$word"}
    done

    # What stands before the part that bash will replace: nothing of it is offered again.
    local typed=${words[${#words[@]} - 1]} cut quote=''
    case $typed in
        *[\"\']*) quote=1 cut=${typed%%[\"\']*} ;;
        *) cut=${typed%"$2"} ;;
    esac

    local kind line
    COMPREPLY=()
    {
        IFS= read -r kind || return 0
        while IFS= read -r line; do
            word=${line%%$'\t'*}
            if [[ -z $quote ]]; then printf -v word '%q' "$word"; fi
            COMPREPLY+=("${word#"$cut"}")
        done
    } < <("${words[0]}" complete -q "${words[@]:1}" 2>/dev/null)

    if ! type compopt &>/dev/null; then return 0; fi
    case $kind in
        :files | :jobs) ;; # bash completes files itself where nothing is offered
        :folders) compopt -o dirnames +o default ;;
        :open) compopt -o nospace -o nosort +o default 2>/dev/null ;;
        *) compopt -o nosort +o default 2>/dev/null || compopt +o default ;;
    esac
}

complete -o default -F _factc factc
