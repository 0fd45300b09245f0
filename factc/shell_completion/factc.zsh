#compdef factc
# Completion of factc for zsh:  eval "$(factc completion zsh)", or this as a file `_factc` in a folder of $fpath.

_factc() {
    local -a answer entries
    local line kind word about
    answer=("${(@f)$(${(Q)words[1]} complete "${(Q@)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    kind=$answer[1]
    shift answer

    case $kind in
        :jobs)
            _alternative 'jobs:job:_files -g "*.(fact|factfile|factotum|json)(-.)"' || _files
            return
            ;;
        :files | :folders)
            compset -P '*='
            if [[ $kind == :folders ]]; then _files -/; else _files; fi
            return
            ;;
    esac

    for line in $answer; do
        word=${line%%$'\t'*}
        about=${line#*$'\t'}
        entries+=("${${word//\\/\\\\}//:/\\:}${about:+:$about}")
    done
    (( $#entries )) || return 1
    if [[ $kind == :open ]]; then
        _describe -V 'factc' entries -S ''
    elif [[ $PREFIX == -* ]]; then
        _describe -o 'option' entries
    else
        _describe -V 'factc' entries
    fi
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _factc "$@"
else
    compdef _factc factc
fi
