The libraries in lib/ with their licences, as their authors declare them; bom.json has more of each.

<#list dependencyMap as entry>
<#assign library = entry.getKey() licences = entry.getValue()>
<#if library.groupId != "io.shadowindex">
<#if licences?seq_contains("Unknown license")><#stop "no licence is declared for ${library.groupId}:${library.artifactId}"></#if>
${library.groupId}:${library.artifactId} ${library.version}
    ${licences?join(" or ")}<#if library.url??>, ${library.url}</#if>
</#if>
</#list>
