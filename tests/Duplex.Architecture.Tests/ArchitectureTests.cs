namespace Duplex.Tests;

/// <summary>The rules of the house, asked of the sources of this repository. SelfTests shows that each rule finds what it forbids.</summary>
public class ArchitectureTests
{
    private static readonly Lazy<TypeGraph> Graph = new(() => new TypeGraph(SourceModel.OfRepository));

    [Fact]
    public void The_sources_are_found_and_every_name_in_them_resolves()
    {
        Assert.Contains(SourceModel.OfRepository.Files, file => file.Project == "Duplex.Protocol");
        Assert.NotEmpty(SourceModel.OfRepository.References);
        Expect.None(SourceModel.OfRepository.Errors());
    }

    [Fact]
    public void Every_source_folder_is_in_a_room() => Expect.None(Rooms.Homeless(Repository.Files("src").Select(file => file.Path)));

    [Fact]
    public void Every_source_file_belongs_to_a_project() => Assert.Equal(
        Repository.Files("src").Select(file => file.Path),
        SourceModel.OfRepository.Files.Select(file => file.Path).Order(StringComparer.Ordinal));

    [Fact]
    public void A_type_depends_only_on_its_own_room_or_on_lower_ones() => Expect.None(Rooms.Violations(Graph.Value));

    [Fact]
    public void A_package_sees_the_public_surface_and_nothing_else() => Expect.None(PublicSurface.Violations(Repository.Projects()));

    [Fact]
    public void No_types_form_a_circle() => Expect.None(Graph.Value.Circles());

    [Fact]
    public void No_arrow_hides_in_a_delegate_an_event_or_a_settable_property() => Expect.None(HiddenArrows.Violations(SourceModel.OfRepository));

    [Fact]
    public void Every_exception_from_that_is_needed() => Expect.None(HiddenArrows.Unneeded(SourceModel.OfRepository));

    [Fact]
    public void The_protocol_has_no_task_stream_network_clock_logger_or_lock() => Expect.None(ProtocolPurity.Violations(SourceModel.OfRepository));

    [Fact]
    public void Nobody_below_the_root_sees_the_options() => Expect.None(OptionsStayAtTheRoot.Violations(Graph.Value));

    [Fact]
    public void Every_source_file_with_behaviour_has_its_tests() => Expect.None(TestMirror.Violations(SourceModel.OfRepository, Repository.Files("tests")));

    [Fact]
    public void One_type_reads_a_connection_and_one_writes_it_and_never_with_a_token() => Expect.None(StreamAccess.Violations(SourceModel.OfRepository));

    [Fact]
    public void Every_file_that_may_read_a_stream_exists() => Assert.Subset(
        SourceModel.OfRepository.Files.Select(file => file.Path).ToHashSet(),
        StreamAccess.Readers.Keys.Union(StreamAccess.Between).ToHashSet());

    [Fact]
    public void No_source_has_unsafe_code() => Expect.None(UnsafeCode.Violations(SourceModel.OfRepository));

    [Fact]
    public void Types_are_named_after_what_they_are() => Expect.None(TypeNames.Violations(SourceModel.OfRepository));

    [Fact]
    public void Every_numeric_constant_states_its_reason() => Expect.None(ConstantReasons.Violations(SourceModel.OfRepository));

    [Fact]
    public void Every_mutable_field_says_who_may_touch_it() => Expect.None(FieldOwners.Violations(SourceModel.OfRepository));

    [Fact]
    public void Sources_and_documents_use_plain_words() =>
        Expect.None(PlainWords.Violations([.. Repository.Files("src"), .. Repository.Documents()]));

    [Fact]
    public void No_line_of_a_source_is_too_long() => Expect.None(PlainWords.LongLines(Repository.Files("src")));
}
