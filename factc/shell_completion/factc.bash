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

    # The words are answered as they are to be typed in the place of $2, behind a quote that may be open.
    local kind line
    COMPREPLY=()
    {
        IFS= read -r kind || return 0
        while IFS= read -r line; do
            COMPREPLY+=("${line%%$'\t'*}")
        done
    } < <("${words[0]}" complete --bash "$2" "${words[@]:1}" 2>/dev/null)

    if ! type compopt &>/dev/null; then return 0; fi
    case $kind in
        :files | :jobs) ;; # bash completes files itself where nothing is offered
        :folders) compopt -o dirnames +o default ;;
        :open) compopt -o nospace -o nosort +o default 2>/dev/null ;;
        *) compopt -o nosort +o default 2>/dev/null || compopt +o default ;;
    esac
}

complete -o default -F _factc factc
