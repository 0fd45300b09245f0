# Completion of factc for fish:  factc completion fish | source

function __factc_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l typed (commandline -ct)
    set -l current (string unescape -- "$typed")
    or set current (string replace -r '[\'"]' '' -- "$typed") # a quote is open
    set -l answer ($program complete $words "$current" 2>/dev/null)
    set -l kind $answer[1]
    set -e answer[1]
    set -l before (string match -r '^--[^=]*=' -- $current)
    set -l rest (string replace -- "$before" '' $current)
    switch "$kind"
        case :files :jobs
            __fish_complete_path "$rest" | string replace -r '^' -- "$before"
        case :folders
            __fish_complete_directories "$rest" '' | string replace -r '^' -- "$before"
        case '*'
            printf '%s\n' $answer
    end
end

complete -c factc -f -k -a '(__factc_complete)'
