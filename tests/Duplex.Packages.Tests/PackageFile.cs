using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;

namespace Duplex.Tests;

/// <summary>A package, with the one of its symbols.</summary>
/// <param name="path">Without its extension.</param>
public sealed class PackageFile(string path) : IDisposable
{
    // The kinds of custom debug information that the format of portable PDBs defines.
    private static readonly Guid SourceLinkKind = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
    private static readonly Guid EmbeddedSourceKind = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    private readonly ZipArchive _package = ZipFile.OpenRead($"{path}.nupkg");
    private readonly ZipArchive _symbols = ZipFile.OpenRead($"{path}.snupkg");

    /// <summary>The paths of what it has.</summary>
    public IEnumerable<string> Files => _package.Entries.Select(entry => entry.FullName);

    /// <summary>The metadata of its nuspec.</summary>
    public XElement Metadata => XDocument.Parse(Text(Files.Single(name => name.EndsWith(".nuspec", StringComparison.Ordinal)))).Root!.Elements().Single();

    public void Dispose()
    {
        _package.Dispose();
        _symbols.Dispose();
    }

    /// <summary>An element of the metadata; null if it lacks it.</summary>
    public XElement? Element(string name) => Metadata.Element(Metadata.Name.Namespace + name);

    /// <summary>The IDs of the packages that it depends on.</summary>
    public IEnumerable<string> Dependencies => Metadata.Descendants(Metadata.Name.Namespace + "dependency").Select(dependency => (string)dependency.Attribute("id")!);

    /// <summary>A file as text.</summary>
    public string Text(string name)
    {
        using var reader = new StreamReader(new MemoryStream(Bytes(_package, name))); // skips a byte order mark
        return reader.ReadToEnd();
    }

    /// <summary>The names of the assemblies that its library uses.</summary>
    public IReadOnlyList<string> References(string library)
    {
        using PEReader image = Image(library);
        MetadataReader metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(reference => metadata.GetString(metadata.GetAssemblyReference(reference).Name))];
    }

    /// <summary>Whether the same sources give the same library, byte for byte.</summary>
    public bool IsReproducible(string library)
    {
        using PEReader image = Image(library);
        return image.ReadDebugDirectory().Any(entry => entry.Type == DebugDirectoryEntryType.Reproducible);
    }

    /// <summary>The SourceLink map of a library's symbols, as JSON; empty if it has none.</summary>
    public string SourceLink(string library)
    {
        using MetadataReaderProvider provider = Symbols(library);
        MetadataReader symbols = provider.GetMetadataReader();
        return string.Concat(
            from handle in symbols.CustomDebugInformation
            let information = symbols.GetCustomDebugInformation(handle)
            where symbols.GetGuid(information.Kind) == SourceLinkKind
            select Encoding.UTF8.GetString(symbols.GetBlobBytes(information.Value)));
    }

    /// <summary>The source files of a library that its symbols do not hold themselves.</summary>
    public IReadOnlyList<string> SourcesNotEmbedded(string library)
    {
        using MetadataReaderProvider provider = Symbols(library);
        MetadataReader symbols = provider.GetMetadataReader();
        return
        [
            .. from handle in symbols.Documents
               where !symbols.GetCustomDebugInformation(handle).Any(information => symbols.GetGuid(symbols.GetCustomDebugInformation(information).Kind) == EmbeddedSourceKind)
               select symbols.GetString(symbols.GetDocument(handle).Name),
        ];
    }

    private static byte[] Bytes(ZipArchive archive, string name)
    {
        using Stream stream = archive.GetEntry(name)!.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private PEReader Image(string library) => new(new MemoryStream(Bytes(_package, $"lib/net10.0/{library}.dll")));

    private MetadataReaderProvider Symbols(string library) => MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Bytes(_symbols, $"lib/net10.0/{library}.pdb")));
}
