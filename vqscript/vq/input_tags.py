"""The data manager's tags: DICOM attributes of an input."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Input, Record


class InputTags(HostObject):
    """What the header of an input says."""

    @script(example='print(dm:getDesc(0, "seriesdate"))')
    def getDesc(self, i: Input, key: str) -> str:
        """Return a DICOM attribute by its lower-case name.

        Parameters
        ----------
        key : str
            As in "seriesdate", "patientid", "patientsweight", "acquisitiontime".

        Returns
        -------
        str
            Its text; "" if the image does not have it.

        Raises
        ------
        UsageError
            DICOM has no attribute of that name.
        """
        from vqscript.session.tags import text

        return text(self._session.inputs[i], key)

    @script(example='print(dm:getDcmString(0, "ManufacturersModelName"))')
    def getDcmString(self, i: Input, name: str) -> str:
        """Return a DICOM attribute as text.

        An attribute that is not at the top level is sought in the sequences, so that "RadionuclideTotalDose" is found.

        Parameters
        ----------
        name : str
            Today's keyword ("ManufacturerModelName") or VivoQuant's older spelling ("ManufacturersModelName").

        Returns
        -------
        str
            Its text, several values joined by a backslash; "" if the image does not have it.

        Raises
        ------
        UsageError
            DICOM has no attribute of that name.
        """
        from vqscript.session.tags import text

        return text(self._session.inputs[i], name)

    @script(example="print(dm:tags(0).Modality)")
    def tags(self, i: Input) -> Record:
        """Return the DICOM attributes of the image.

        Returns
        -------
        dict
            Keyword to value; an empty table for an image that is not from DICOM.
        """
        from vqscript.imaging.dicom.tags import tag_values

        header = self._session.inputs[i].volume.header
        return {} if header is None else tag_values(header)
