namespace Duplex.Tests;

/// <summary>A file of the repository: its path from the root, with forward slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The name of the project that the file stands in: the second part of <c>src/Project/…</c>.</summary>
    public string Project => Path.Split('/') is [_, var project, _, ..] ? project : "";

    /// <summary>The folder of the file, from the root.</summary>
    public string Folder => Path[..Path.LastIndexOf('/')];

    /// <summary>The file's name without <c>.cs</c>.</summary>
    public string Stem => System.IO.Path.GetFileNameWithoutExtension(Path);
}
